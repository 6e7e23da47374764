"""Turns of an imported file put on the words of a transcript."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from transcriber.domain.transcripts import SpokenWord, Turn
from transcriber.editing import operations as ops
from transcriber.editing.document import Document
from transcriber.editing.items import AnyId, WordItem
from transcriber.editing.journal import Journal
from transcriber.editing.segment_edits import SegmentEdits, SpeakerEdits
from transcriber.transcripts.alignment import attribute


def replace_speakers(journal: Journal, turns: Sequence[Turn], labels: Mapping[str, str]) -> None:
    """Give all words to the speakers of turns. Segments are split where the speaker changes.

    `labels` has the label of each speaker of the turns.
    """
    document = journal.document
    speakers = _speakers(document, turns)
    edits = SegmentEdits(journal, SpeakerEdits(journal, set(labels.values())))
    for segment in document.segments():
        for first, last, speaker in _runs(document.words(segment), speakers):
            label = labels[speaker]
            if document.segment_of(first.id).label != label:
                edits.set_speaker(ops.SetSpeaker(first=first.id, last=last.id, speaker=label))


def _speakers(document: Document, turns: Sequence[Turn]) -> dict[AnyId, str]:
    """Return the speaker of each word, by its identifier."""
    places: dict[int, list[tuple[int, WordItem]]] = defaultdict(list)
    segments = document.segments()
    apart = {segment.channel for segment in segments} == {turn.channel for turn in turns}
    for number, segment in enumerate(segments):
        own = places[segment.channel if apart else 0]
        own += [(number, word) for word in document.words(segment)]
    found: dict[AnyId, str] = {}
    for channel, words in places.items():
        words.sort(key=lambda place: place[1].times.start)
        spoken = [_spoken(word, number) for number, word in words]
        own_turns = [turn for turn in turns if not apart or turn.channel == channel]
        # Borders are where the file has them, and are not moved to the ends of sentences.
        for (_, word), item in zip(words, attribute(spoken, own_turns, own_turns), strict=True):
            if item.speaker is not None:
                found[word.id] = item.speaker
    return found


def _spoken(word: WordItem, number: int) -> SpokenWord:
    return SpokenWord(
        text=word.wording.text,
        start=word.times.start,
        end=word.times.end,
        probability=word.wording.probability or 0.0,
        passage=number,
    )


def _runs(
    words: Sequence[WordItem], speakers: Mapping[AnyId, str]
) -> Iterator[tuple[WordItem, WordItem, str]]:
    """Yield the first and the last of consecutive words of one speaker."""
    for speaker, run in itertools.groupby(words, lambda word: speakers.get(word.id)):
        own = list(run)
        if speaker is not None:
            yield own[0], own[-1], speaker
