"""Repetition of an import on a new machine version of the same recording."""

from dataclasses import replace

from transcriber.editing.correspondence import Labels
from transcriber.editing.document import Document
from transcriber.editing.imported_text import (
    Passage,
    PassageWord,
    replace_text,
    with_known_times,
)
from transcriber.editing.items import ItemId, SegmentItem, WordItem
from transcriber.editing.journal import Journal
from transcriber.editing.operations import SpeakerSource
from transcriber.editing.views import view_of
from transcriber.imports.attribution import turns_of, with_speakers
from transcriber.imports.speakers import matched_voices


def repeat_import(
    journal: Journal, old: Document, labels: Labels, speakers: SpeakerSource
) -> dict[ItemId, tuple[ItemId, ...]]:
    """Put the text of an earlier document in place of the new machine version.

    `old` has the import as its last batch. Speakers of the recording are those of the new version.
    Return the new word in the place of each earlier one.
    """
    of_file = speakers is SpeakerSource.FILE
    passages = [
        pair for segment in old.segments() for pair in _passages(old, segment, timed=of_file)
    ]
    texts = [passage for _, passage in passages]
    turns = turns_of(journal.document)
    if of_file:
        labels.adopt(matched_voices(texts, turns))
    texts = [replace(passage, label=labels.of(passage.label)) for passage in texts]
    if not of_file:
        texts = with_known_times(journal.document, texts)
        texts = with_speakers(texts, turns, split=speakers is SpeakerSource.WORDS)
    made = [item for own in replace_text(journal, texts) for item in own]
    earlier = [item for ids, _ in passages for item in ids]
    return {item: (new,) for item, new in zip(earlier, made, strict=True)}


def _passages(
    old: Document, segment: SegmentItem, *, timed: bool
) -> list[tuple[list[ItemId], Passage]]:
    """Return a segment as a passage with the identifiers of its words, none without words.

    Unless all are `timed`, words of people have times of their own if they were measured.
    """
    view = view_of(old, segment, merged=False)
    if view is None:
        return []
    words = old.words(segment)
    passage = Passage(
        label=segment.label,
        start=view.start,
        end=view.end,
        words=tuple(
            PassageWord(wording=word.wording, times=word.times, timed=timed or _has_times(word))
            for word in words
        ),
        language=segment.language,
        channel=segment.channel,
    )
    return [([word.id for word in words], passage)]


def _has_times(word: WordItem) -> bool:
    """Return whether a word was recognized or measured."""
    if word.wording.probability is not None:
        return True
    return word.stamp("times").changed > word.stamp("wording").changed
