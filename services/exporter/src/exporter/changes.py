"""Changes between two revisions of a transcript, as plain values. Times are in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Consecutive words that are equal, or differ, in both revisions.

    Texts begin with the blank before them, if there is one. A side without a segment has no text.
    `revision` is the one that changed the piece, 0 if it is equal.
    """

    before: str
    after: str
    before_segment: str
    after_segment: str
    revision: int = 0

    @property
    def equal(self) -> bool:
        """Whether the words are the same in both revisions."""
        return self.revision == 0 and bool(self.before_segment and self.after_segment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Segments that differ. `speakers` has the names of earlier speakers by segment."""

    pieces: tuple[Piece, ...]
    speakers: Mapping[str, str]
    start: float
    end: float
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Author and time of a change."""

    author: str
    moment: datetime


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Changes from one revision to another.

    `speakers` has the name that the speaker of each earlier segment had, and `marks` the authors by
    revision.
    """

    since: int
    revision: int
    differences: tuple[Difference, ...]
    speakers: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[int, Mark] = field(default_factory=dict)
