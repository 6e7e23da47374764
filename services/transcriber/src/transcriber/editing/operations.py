"""Operations on a transcript, as people and programs ask for them.

They name words and segments by their identifiers, never by their place, so that they keep their
meaning when others edit elsewhere. Ranges of words include both ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from transcriber.editing.items import ItemId, Times


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceWords:
    """Write another text in place of words of one segment. Equal words stay as they are."""

    first: ItemId
    last: ItemId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteWords:
    """Delete words of one segment."""

    first: ItemId
    last: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertWords:
    """Insert text into a segment behind a word, or at its beginning if `after` is None."""

    segment: ItemId
    after: ItemId | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSegment:
    """Begin a new segment with a word."""

    word: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSegments:
    """Join two neighboring segments of one channel. The speaker is that of the first one."""

    first: ItemId
    second: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEdges:
    """Set the start or the end of a segment in seconds. None leaves one as it is."""

    segment: ItemId
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSpeaker:
    """Give words to a speaker, or to a new one if `speaker` is empty. Segments are split."""

    first: ItemId
    last: ItemId
    speaker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSpeakers:
    """Give everything said by a speaker, now and later, to another one."""

    speaker: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignNames:
    """Name speakers by their labels. An empty name removes the current one.

    `profiles` has the profiles behind the names, by label.
    """

    names: Mapping[str, str]
    profiles: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReviewed:
    """Mark a segment as reviewed, or as not reviewed."""

    segment: ItemId
    reviewed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStarred:
    """Mark a segment with a star, or remove the star."""

    segment: ItemId
    starred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """Add a note on words."""

    first: ItemId
    last: ItemId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNote:
    """Change the text of a note. An empty text deletes the note."""

    note: ItemId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimes:
    """Set the measured times of words. It counts as part of the edits that wrote them."""

    times: tuple[tuple[ItemId, Times], ...]


class SpeakerSource(StrEnum):
    """Origin of the speakers of an imported text.

    They are named in the file, or those who speak most during each passage or each word.
    """

    FILE = "file"
    PASSAGES = "passages"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTranscript:
    """Put the text of a file in the place of all words, or only its speakers.

    With `first`, the recording had no transcript before.
    """

    format: str
    speakers: SpeakerSource
    first: bool = False
    text: bool = True


Operation = (
    ReplaceWords
    | DeleteWords
    | InsertWords
    | SplitSegment
    | MergeSegments
    | MoveEdges
    | SetSpeaker
    | MergeSpeakers
    | AssignNames
    | SetReviewed
    | SetStarred
    | AddNote
    | ChangeNote
    | SetTimes
    | ImportTranscript
)
