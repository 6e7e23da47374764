"""Edits of segments, speakers and notes."""

import itertools
from collections.abc import Iterable

from transcriber.domain.transcripts import NameSource
from transcriber.editing import operations as ops
from transcriber.editing.errors import InvalidEditError
from transcriber.editing.items import (
    NO_NAME,
    Edges,
    Naming,
    NoteItem,
    SegmentItem,
    SpeakerItem,
    WordItem,
)
from transcriber.editing.journal import Journal

_NEW_SPEAKER = "Speaker_{}"


class SegmentEdits:
    """Operations on segments."""

    def __init__(self, journal: Journal, speakers: "SpeakerEdits") -> None:
        self._journal = journal
        self._document = journal.document
        self._speakers = speakers

    def split(self, operation: ops.SplitSegment) -> None:
        """Begin a new segment with a word."""
        word = self._journal.word(operation.word)
        segment = self._document.segment_of(word.id)
        if self._document.words(segment)[0] is word:
            raise InvalidEditError(f"Segment {segment.id} begins with word {word.id} already.")
        self._split(segment, word)

    def merge(self, operation: ops.MergeSegments) -> None:
        """Join two neighbors."""
        first = self._journal.segment(operation.first)
        second = self._journal.segment(operation.second)
        for segment in (first, second):
            self._journal.read(segment, "extent")
        if first.channel != second.channel:
            raise InvalidEditError("Segments of different channels cannot be merged.")
        between = self._empty_between(first, second)
        if first.edges.end != second.edges.end:
            self._journal.write(first, "edges", Edges(first.edges.start, second.edges.end))
        self._journal.delete([*between, second])
        self._journal.divide(first)

    def move_edges(self, operation: ops.MoveEdges) -> None:
        """Set the start or the end."""
        segment = self._journal.segment(operation.segment)
        self._journal.read(segment, "extent")
        edges = Edges(
            segment.edges.start if operation.start is None else operation.start,
            segment.edges.end if operation.end is None else operation.end,
        )
        words = self._document.words(segment)
        start = words[0].times.start if edges.start is None and words else edges.start
        end = max(word.times.end for word in words) if edges.end is None and words else edges.end
        if start is not None and end is not None and start >= end:
            raise InvalidEditError("A segment has to end after its start.")
        self._journal.write(segment, "edges", edges)

    def set_speaker(self, operation: ops.SetSpeaker) -> None:
        """Give words to a speaker."""
        first = self._journal.word(operation.first)
        last = self._journal.word(operation.last)
        self._document.run(first.id, last.id)
        label = self._speakers.label(operation.speaker)
        segment = self._document.segment_of(first.id)
        if self._document.words(segment)[0] is not first:
            segment = self._split(segment, first)
        final = self._document.segment_of(last.id)
        words = self._document.words(final)
        if words[-1] is not last:
            self._split(final, words[words.index(last) + 1])
        for item in itertools.chain([segment], self._document.following(segment.id)):
            if item is last:
                return
            if isinstance(item, SegmentItem) and item.alive:
                self._journal.write(item, "label", label)

    def set_reviewed(self, operation: ops.SetReviewed) -> None:
        """Mark as reviewed. The review is one of the words seen by the author."""
        segment = self._journal.segment(operation.segment)
        self._journal.read(segment, "extent")
        for item in self._document.body(segment):
            if isinstance(item, WordItem):
                self._journal.read(item, "alive", "wording", or_made=True)
        self._journal.write(segment, "reviewed", operation.reviewed)

    def set_starred(self, operation: ops.SetStarred) -> None:
        """Set or remove the star."""
        self._journal.write(self._journal.segment(operation.segment), "starred", operation.starred)

    def _split(self, segment: SegmentItem, word: WordItem) -> SegmentItem:
        before = next(self._document.preceding(word.id))
        new = SegmentItem(
            id=self._journal.new_id(),
            label=segment.label,
            language=segment.language,
            channel=segment.channel,
            edges=Edges(None, segment.edges.end),
            reviewed=segment.reviewed,
            starred=segment.starred,
        )
        if segment.edges.end is not None:
            self._journal.write(segment, "edges", Edges(segment.edges.start, None))
        self._journal.insert(before, [new])
        self._journal.divide(segment)
        return new

    def _empty_between(self, first: SegmentItem, second: SegmentItem) -> list[SegmentItem]:
        """Return the empty segments between two neighbors."""
        between: list[SegmentItem] = []
        for item in self._document.following(first.id):
            if item is second:
                return between
            if isinstance(item, SegmentItem) and item.alive:
                if self._document.words(item):
                    break
                between.append(item)
        raise InvalidEditError(f"Segment {second.id} does not follow segment {first.id}.")


class SpeakerEdits:
    """Operations on speakers. `labels` has those of all speakers of the transcript."""

    def __init__(self, journal: Journal, labels: Iterable[str]) -> None:
        self._journal = journal
        self._document = journal.document
        self._labels = set(labels)

    def merge(self, operation: ops.MergeSpeakers) -> None:
        """Merge a speaker into another one."""
        speaker = self._document.speaker(self._effective(operation.speaker))
        into = self._document.speaker(self._effective(operation.into))
        if speaker is into:
            raise InvalidEditError(f"{operation.speaker} and {operation.into} are one speaker.")
        self._journal.read(into, "merged_into")
        self._journal.write(speaker, "merged_into", into.id)

    def assign(self, operation: ops.AssignNames) -> None:
        """Name speakers. A suggested name in place of it is not kept in the history.

        Suggestions follow from profiles and voices, and are made again after an undo.
        """
        for label, name in operation.names.items():
            self._effective(label)
            profile = operation.profiles.get(label, 0)
            naming = Naming(name, NameSource.CONFIRMED, profile, 1.0) if name else NO_NAME
            name_speaker(self._journal, self._document.speaker(label), naming)

    def label(self, speaker: str) -> str:
        """Return the label of a known speaker, or a new one for an empty name."""
        if speaker:
            self._effective(speaker)
            return speaker
        number = len(self._labels) + 1
        while (label := _NEW_SPEAKER.format(number)) in self._labels:
            number += 1
        self._labels.add(label)
        return label

    def _effective(self, label: str) -> str:
        if label not in self._labels:
            raise InvalidEditError(f"The transcript has no speaker {label!r}.")
        return self._document.effective_speaker(label)


def name_speaker(journal: Journal, speaker: SpeakerItem, naming: Naming) -> None:
    """Give a speaker a name, or none."""
    journal.read(speaker, "name")
    if speaker.name == naming:
        return
    if speaker.name.source is NameSource.SUGGESTED:
        speaker.name = NO_NAME
    journal.write(speaker, "name", naming)


class NoteEdits:
    """Operations on notes."""

    def __init__(self, journal: Journal, author: str) -> None:
        self._journal = journal
        self._author = author

    def add(self, operation: ops.AddNote) -> None:
        """Add a note on words."""
        first = self._journal.word(operation.first)
        last = self._journal.word(operation.last)
        self._journal.document.run(first.id, last.id)
        self._journal.add_note(
            NoteItem(
                id=self._journal.new_id(),
                text=operation.text,
                first=first.id,
                last=last.id,
                author=self._author,
            )
        )

    def change(self, operation: ops.ChangeNote) -> None:
        """Change or delete a note."""
        note = self._journal.document.note(operation.note)
        self._journal.require_alive(note)
        self._journal.read(note, "text")
        if operation.text:
            self._journal.write(note, "text", operation.text)
        else:
            self._journal.write(note, "alive", False)
