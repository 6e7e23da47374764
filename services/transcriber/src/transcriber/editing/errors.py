"""Reasons why edits of a transcript are refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import StateError, ValidationError
from transcriber.editing.items import AnyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """A register changed by somebody else, and the revision of that change."""

    item: AnyId
    register: str
    revision: int


class InvalidEditError(ValidationError):
    """The operation makes no sense in this transcript."""

    def __init__(self, message: str) -> None:
        super().__init__(message, {"field": "operations"})


class EditConflictError(StateError):
    """Parts of the transcript needed by the operation have changed since its revision."""

    def __init__(self, collisions: Sequence[Collision]) -> None:
        latest = max(item.revision for item in collisions)
        super().__init__(
            f"Revision {latest} changed the same part of the transcript. Look at the current "
            "revision and repeat the edit there.",
            {"reason": "EDIT_CONFLICT", "revision": str(latest)},
        )
        self.collisions = tuple(collisions)


class BuiltUponError(StateError):
    """An undo or redo would overwrite later work."""

    def __init__(self, collisions: Sequence[Collision]) -> None:
        latest = max(item.revision for item in collisions)
        super().__init__(
            f"Revision {latest} builds on these edits, so they cannot be taken back or repeated.",
            {"reason": "BUILT_UPON", "revision": str(latest)},
        )
        self.collisions = tuple(collisions)
