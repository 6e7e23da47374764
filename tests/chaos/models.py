"""Models of a transcript and of a job, for the checker of histories."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.chaos.linearizability import Operation


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Replacement of one word by a word that nothing else contains."""

    word: str
    replaced: str = ""
    """The earlier replacement whose place it takes, empty for a word of the recording."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Result of reading a transcript, and of an edit (without words)."""

    revision: int
    words: frozenset[str] = frozenset()
    """The replacements among its words."""


class Read:
    """Reading of a transcript."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A transcript: its newest revision, and the replacements in it."""

    revision: int
    words: frozenset[str] = frozenset()


def transcript(state: Chain, operation: Operation) -> Iterable[Chain]:
    """Apply a call to a transcript.

    Machines make revisions too, as for names. They change no words of people. Edits never get the
    revision of another change.
    """
    match operation.call, operation.result:
        case Edit(word=word, replaced=replaced), result:
            if word in state.words or (replaced and replaced not in state.words):
                return
            revision = state.revision + 1 if result is None else result.revision
            if revision > state.revision:
                yield Chain(revision=revision, words=(state.words - {replaced}) | {word})
        case Read(), Page(revision=revision, words=words):
            if revision >= state.revision and words == state.words:
                yield replace(state, revision=revision)


#: States that follow by themselves. A worker that ends gives its job back.
_FOLLOWING = {
    "queued": {"queued", "processing", "completed", "failed"},
    "processing": {"processing", "queued", "completed", "failed"},
    "completed": {"completed"},
    "failed": {"failed"},
    "cancelled": {"cancelled"},
    "gone": {"gone"},
}
ENDS = frozenset({"completed", "failed", "cancelled"})


def job(state: str, operation: Operation) -> Iterable[str]:
    """Apply a call to a job: `read` with a state, `cancel` or `delete`."""
    match operation.call:
        case "read":
            if operation.result in _FOLLOWING[state]:
                yield operation.result
        case "cancel":
            if state not in ENDS and state != "gone":
                yield "cancelled"
        case "delete":
            if state != "gone":
                yield "gone"
