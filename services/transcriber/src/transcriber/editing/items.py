"""Editable items of a transcript: words, segments, speakers and notes.

Every item has registers, the attributes that edits change. Each register is stamped with the
revision of its last change, so that edits of different registers never conflict, and with the batch
of edits that its value comes from, so that a batch can be undone while nobody has built on it.

Items are never removed. A deleted word stays in its place, so that words next to it keep theirs and
it can come back.
"""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self

from transcriber.domain.transcripts import NameSource


class ItemId(NamedTuple):
    """Identifier of a word, segment or note: the revision that made it, and its number in it.

    Example:
        >>> str(ItemId(3, 14))
        '3.14'
    """

    revision: int
    number: int

    def __str__(self) -> str:
        return f"{self.revision}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Invert `str`.

        Raises:
            ValueError: the text is not an identifier.
        """
        revision, _, number = text.partition(".")
        if not (_digits(revision) and _digits(number)):
            raise ValueError(f"{text!r} is not the identifier of an item")
        return cls(int(revision), int(number))


#: A speaker's identifier is its label.
AnyId = ItemId | str


class Stamp(NamedTuple):
    """Origin of a register's value, and the revision of its last change.

    They differ after an undo: the value comes from the batch before, but it changed now.
    """

    origin: int
    changed: int


@dataclass(slots=True, kw_only=True)
class Item:
    """An item with the stamps of the registers changed since it was made."""

    registers: ClassVar[tuple[str, ...]] = ()

    id: AnyId
    stamps: dict[str, Stamp] = field(default_factory=dict)

    @property
    def made(self) -> Stamp:
        """Stamp of all unchanged registers."""
        revision = self.id.revision if isinstance(self.id, ItemId) else 0
        return Stamp(revision, revision)

    def stamp(self, register: str) -> Stamp:
        """Return the stamp of a register."""
        return self.stamps.get(register) or self.made

    def set(self, register: str, value: Any, stamp: Stamp) -> None:
        """Change a register."""
        if register not in self.registers:
            raise ValueError(f"{type(self).__name__} has no register {register!r}")
        setattr(self, register, value)
        self.stamps[register] = stamp

    def copy(self) -> Self:
        """Return a copy independent of this item."""
        return replace(self, stamps=dict(self.stamps))

    def touch(self, register: str, revision: int) -> None:
        """Stamp a dependent register as changed."""
        self.stamps[register] = Stamp(self.stamp(register).origin, revision)


class Wording(NamedTuple):
    """Text of a word.

    `probability` is that of the recognizer, None for a word written by a person. `spaced` tells
    whether a blank precedes the word. None leaves that to the writing system.
    """

    text: str
    probability: float | None
    spaced: bool | None = None


class Times(NamedTuple):
    """Start and end of a word in seconds from the beginning of the recording."""

    start: float
    end: float


class Edges(NamedTuple):
    """Start and end of a segment in seconds. None follows the words."""

    start: float | None = None
    end: float | None = None


NO_EDGES = Edges()


class Naming(NamedTuple):
    """Name of a speaker, its source, and the profile behind it, 0 without one.

    `confidence` is that of a suggestion, 0 to 1.
    """

    name: str = ""
    source: NameSource = NameSource.NONE
    speaker_id: int = 0
    confidence: float = 0.0


NO_NAME = Naming()


@dataclass(slots=True, kw_only=True)
class WordItem(Item):
    """A word. `others` are the labels of further speakers who talk during it."""

    registers: ClassVar = ("alive", "wording", "times")

    id: ItemId
    alive: bool = True
    wording: Wording
    times: Times
    others: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class SegmentItem(Item):
    """Beginning of a segment. It lasts until the next living one.

    `extent` has no value. Its stamp tells when the words of the segment were last divided again.
    """

    registers: ClassVar = ("alive", "label", "edges", "reviewed", "starred", "extent")

    id: ItemId
    alive: bool = True
    label: str
    edges: Edges = NO_EDGES
    reviewed: bool = False
    starred: bool = False
    language: str = ""
    channel: int = 0
    extent: None = None


@dataclass(slots=True, kw_only=True)
class SpeakerItem(Item):
    """A speaker, identified by its label.

    `merged_into` is the label of the speaker who this one turned out to be, empty if none. The
    value of `name` follows its profile without a new origin.
    """

    registers: ClassVar = ("merged_into", "name")

    id: str
    merged_into: str = ""
    name: Naming = NO_NAME


@dataclass(slots=True, kw_only=True)
class NoteItem(Item):
    """A note of an author on the words from `first` to `last`."""

    registers: ClassVar = ("alive", "text")

    id: ItemId
    alive: bool = True
    text: str
    first: ItemId
    last: ItemId
    author: str = ""


#: Items that have a place among the others.
PlacedItem = WordItem | SegmentItem


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
