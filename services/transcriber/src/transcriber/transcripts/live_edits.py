"""What can be edited of the text of a live session, which grows until it is replaced."""

from collections.abc import Sequence

from common.errors import StateError
from transcriber.editing.operations import (
    AddNote,
    ChangeNote,
    DeleteWords,
    InsertWords,
    Operation,
    ReplaceWords,
    SetReviewed,
    SetStarred,
)

_POSSIBLE = (
    ReplaceWords,
    DeleteWords,
    InsertWords,
    SetReviewed,
    SetStarred,
    AddNote,
    ChangeNote,
)
_LATER = (
    "The transcript of this recording is still to come. Until then, you can correct words, write "
    "notes, and mark segments. Do the rest once it is there."
)


def check(operations: Sequence[Operation]) -> None:
    """Check that edits leave the places and the speakers of live text as they are.

    Raises:
        StateError: one of them does not.
    """
    if not all(isinstance(operation, _POSSIBLE) for operation in operations):
        refuse()


def refuse() -> None:
    """Refuse what live text is not fit for.

    Raises:
        StateError: always.
    """
    raise StateError(_LATER, {"reason": "LIVE_TEXT"})
