"""Transcripts to edit."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from transcriber.domain.transcripts import Segment, Word
from transcriber.editing import views
from transcriber.editing.document import Document
from transcriber.editing.editor import execute
from transcriber.editing.effects import Effects
from transcriber.editing.history import BatchKind, Entry, replay, stacks
from transcriber.editing.items import ItemId
from transcriber.editing.machine_version import items_of
from transcriber.editing.operations import Operation

LABELS = ("Speaker_1", "Speaker_2", "Speaker_3")


def segment(
    label: str, text: str, start: float, *, channel: int = 0, pause: float = 0.1
) -> Segment:
    """Return a segment with words of 0.4 s and pauses between them."""
    words = tuple(
        Word(
            text=word,
            start=start + number * (0.4 + pause),
            end=start + number * (0.4 + pause) + 0.4,
            probability=0.9,
            speakers=(label,),
        )
        for number, word in enumerate(text.split())
    )
    return Segment(
        label=label,
        text=text,
        start=words[0].start,
        end=words[-1].end,
        confidence=0.9,
        language="en",
        words=words,
        channel=channel,
    )


CONVERSATION = (
    segment("Speaker_1", "good morning how are you", 0.0),
    segment("Speaker_2", "fine thanks and you", 3.0),
    segment("Speaker_1", "very well indeed", 6.0),
)


@dataclass
class Edited:
    """A transcript with its history, edited in memory. `first` is its machine version."""

    machine: tuple[Segment, ...] = CONVERSATION
    first: int = 1
    entries: list[Entry] = field(default_factory=list)
    effects: dict[int, Effects] = field(default_factory=dict)

    @property
    def revision(self) -> int:
        return self.first + len(self.entries)

    def document(self, revision: int | None = None) -> Document:
        """Return a revision, computed from the machine version."""
        document = Document(items_of(self.machine, self.first))
        for entry in self.entries[: None if revision is None else revision - self.first]:
            replay(document, entry, self.effects[entry.target or entry.revision])
        return document

    def edit(self, *operations: Operation, base: int | None = None, author: str = "ann") -> Effects:
        """Execute a batch. Nothing changes if it fails."""
        revision = self.revision + 1
        effects = execute(
            self.document(),
            operations,
            base=self.revision if base is None else base,
            revision=revision,
            author=author,
            labels=LABELS,
        )
        self.entries.append(Entry(revision=revision, author=author))
        self.effects[revision] = effects
        return effects

    def undo(self, author: str = "ann") -> bool:
        """Take back an author's last batch, if there is one."""
        return self._toggle(author, BatchKind.UNDO, stacks(self.entries, author).undo)

    def redo(self, author: str = "ann") -> bool:
        """Repeat an author's last undone batch, if there is one."""
        return self._toggle(author, BatchKind.REDO, stacks(self.entries, author).redo)

    def _toggle(self, author: str, kind: BatchKind, targets: tuple[int, ...]) -> bool:
        if not targets:
            return False
        entry = Entry(revision=self.revision + 1, author=author, kind=kind, target=targets[-1])
        replay(self.document(), entry, self.effects[entry.target])
        self.entries.append(entry)
        return True

    def segments(self, revision: int | None = None) -> list[views.SegmentView]:
        return views.segments(self.document(revision))

    def lines(self, revision: int | None = None) -> list[tuple[str, str]]:
        return [(view.label, view.text) for view in self.segments(revision)]

    def word(self, text: str) -> ItemId:
        """Return the identifier of the first word with a text."""
        return next(word.id for word in self._words() if word.text == text)

    def segment(self, number: int) -> ItemId:
        """Return the identifier of a segment by its place, from 0."""
        return self.segments()[number].id

    def _words(self) -> Iterable[views.WordView]:
        return (word for view in self.segments() for word in view.words)
