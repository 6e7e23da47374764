"""Edits of words."""

from collections.abc import Sequence

from transcriber.editing import operations as ops
from transcriber.editing import wording
from transcriber.editing.errors import InvalidEditError
from transcriber.editing.items import PlacedItem, SegmentItem, Times, Wording, WordItem
from transcriber.editing.journal import Journal


class WordEdits:
    """Operations on words within one segment."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._document = journal.document

    def replace(self, operation: ops.ReplaceWords) -> None:
        """Write another text. Words with the same text keep everything."""
        words = self._journal.words(operation.first, operation.last)
        tokens = wording.tokens(operation.text)
        if not tokens:
            self._journal.delete(words)
            return
        segment = self._document.segment_of(operation.first)
        for block in wording.blocks([word.wording.text for word in words], tokens):
            old = words[block.old.start : block.old.stop]
            if block.kept:
                continue
            if not block.new:
                self._journal.delete(old)
            elif len(old) == len(block.new):
                self._rewrite(old, block.new)
            elif old:
                self._supersede(segment, old, block.new)
            else:
                before = words[block.old.start - 1] if block.old.start else None
                after = before or next(self._document.preceding(words[0].id))
                self._add(segment, after, block.new)

    def delete(self, operation: ops.DeleteWords) -> None:
        """Delete words."""
        self._journal.delete(self._journal.words(operation.first, operation.last))

    def insert(self, operation: ops.InsertWords) -> None:
        """Insert words."""
        segment = self._journal.segment(operation.segment)
        after: PlacedItem = segment
        if operation.after is not None:
            after = self._journal.word(operation.after)
            if self._document.segment_of(after.id) is not segment:
                raise InvalidEditError(f"Word {after.id} is not in segment {segment.id}.")
        tokens = wording.tokens(operation.text)
        if not tokens:
            raise InvalidEditError("There is no text to insert.")
        self._add(segment, after, tokens)

    def set_times(self, operation: ops.SetTimes) -> None:
        """Set measured times."""
        for word_id, times in operation.times:
            word = self._document.word(word_id)
            self._journal.read(word, "wording")
            self._journal.refine(word, "times", times)

    def _rewrite(self, words: Sequence[WordItem], tokens: Sequence[wording.Token]) -> None:
        for word, token in zip(words, tokens, strict=True):
            spaced = word.wording.spaced if token.spaced is None else token.spaced
            self._journal.write(word, "wording", Wording(token.text, None, spaced))
            # Written with the text, so that an undo restores the times together with it even if
            # they are measured again in the meantime.
            self._journal.write(word, "times", word.times)

    def _supersede(
        self, segment: SegmentItem, old: Sequence[WordItem], tokens: Sequence[wording.Token]
    ) -> None:
        """Write words in the time of others."""
        times = Times(old[0].times.start, max(word.times.end for word in old))
        # A blank before the old words is one before the new ones.
        spaced = old[0].wording.spaced if tokens[0].spaced is None else tokens[0].spaced
        self._journal.delete(old)
        self._write(segment, old[-1], [wording.Token(tokens[0].text, spaced), *tokens[1:]], times)

    def _add(
        self, segment: SegmentItem, after: PlacedItem, tokens: Sequence[wording.Token]
    ) -> None:
        """Write words between others."""
        earlier, later = self._around(segment, after)
        if earlier is not None:
            start = earlier.times.end
            end = start if later is None else later.times.start
        elif later is not None:
            start = end = later.times.start
        else:
            start = end = self._moment(segment)
        self._write(segment, after, tokens, Times(min(start, end), end))

    def _write(
        self,
        segment: SegmentItem,
        after: PlacedItem,
        tokens: Sequence[wording.Token],
        times: Times,
    ) -> None:
        """Insert words. They begin neither before the word before nor behind the one after."""
        earlier, later = self._around(segment, after)
        earliest = times.start if earlier is None else max(times.start, earlier.times.start)
        latest = times.end if later is None else min(times.end, later.times.start)
        times = Times(min(earliest, latest), latest)
        spans = wording.spread(times, [token.text for token in tokens])
        items = [
            WordItem(
                id=self._journal.new_id(),
                wording=Wording(token.text, None, token.spaced),
                times=span,
            )
            for token, span in zip(tokens, spans, strict=True)
        ]
        self._journal.insert(after, items)

    def _around(
        self, segment: SegmentItem, place: PlacedItem
    ) -> tuple[WordItem | None, WordItem | None]:
        """Return the living words of a segment before and behind a place."""
        earlier = None
        behind = place is segment
        for item in self._document.body(segment):
            if isinstance(item, WordItem) and item.alive:
                if behind and item is not place:
                    return earlier, item
                earlier = item
            behind = behind or item is place
        return earlier, None

    def _moment(self, segment: SegmentItem) -> float:
        """Return when a segment without living words was spoken."""
        for item in self._document.body(segment):
            if isinstance(item, WordItem):
                return item.times.start
        return segment.edges.start or 0.0
