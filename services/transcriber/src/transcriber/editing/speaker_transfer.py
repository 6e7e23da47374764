"""Repetition of edits of speakers and notes on a new machine version."""

from transcriber.editing.correspondence import Correspondence, Labels
from transcriber.editing.effects import Change, Effects
from transcriber.editing.items import ItemId, NoteItem, SpeakerItem, WordItem
from transcriber.editing.journal import Journal
from transcriber.editing.segment_edits import name_speaker
from transcriber.editing.segment_transfer import Report


class SpeakerTransfer:
    """Repeats the effects of one batch on speakers and notes.

    `notes` has the new notes by the earlier ones, those of earlier batches included.
    """

    def __init__(
        self,
        journal: Journal,
        words: Correspondence,
        labels: Labels,
        notes: dict[ItemId, ItemId],
        report: Report,
    ) -> None:
        self._journal = journal
        self._words = words
        self._labels = labels
        self._notes = notes
        self._report = report

    def transfer(self, effects: Effects) -> None:
        """Repeat merges and names of speakers, and notes."""
        for note in effects.notes:
            if note.alive:
                self._add(note)
        for change in effects.changes:
            item = self._words.old.find(change.item)
            if isinstance(item, SpeakerItem):
                self._change_speaker(item, change)
            elif isinstance(item, NoteItem) and item.id in self._notes:
                note = self._words.new.note(self._notes[item.id])
                self._journal.write(note, change.register, change.after)

    def _add(self, note: NoteItem) -> None:
        run = [
            item
            for item in self._words.old.run(note.first, note.last)
            if isinstance(item, WordItem)
        ]
        found = [target for word in run for target in self._words.targets(word.id)]
        if not found:
            segment = self._words.old.segment_of(note.first)
            found = self._words.living(self._words.old.words(segment))[:1]
        if not found:
            self._report(note.id, "text")
            return
        order = sorted(found, key=lambda word: self._place(word.id))
        new = NoteItem(
            id=self._journal.new_id(),
            text=note.text,
            first=order[0].id,
            last=order[-1].id,
            author=note.author,
        )
        self._notes[note.id] = new.id
        self._journal.add_note(new)

    def _place(self, item_id: ItemId) -> int:
        """Return the place of a word of the new version. Others are next to the one before."""
        if item_id in self._words.order:
            return self._words.order[item_id]
        before = (item.id for item in self._words.new.preceding(item_id))
        return next((self._words.order[i] for i in before if i in self._words.order), -1)

    def _change_speaker(self, item: SpeakerItem, change: Change) -> None:
        label = self._labels.find(item.id)
        if label is None:
            if change.after:
                self._report(item.id, change.register)
            return
        speaker = self._words.new.speaker(label)
        if change.register == "name":
            name_speaker(self._journal, speaker, change.after)
            return
        into = self._labels.find(change.after) if change.after else ""
        if into is None or (into and self._words.new.effective_speaker(into) == label):
            self._report(item.id, change.register)
        elif speaker.merged_into != into:
            self._journal.write(speaker, "merged_into", into)
