"""Speakers of a recording put on the words of an imported text."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from transcriber.domain.transcripts import SpokenWord, Turn, weight
from transcriber.editing.document import Document
from transcriber.editing.imported_text import Passage
from transcriber.transcripts.alignment import SpeakerTimes, attribute
from transcriber.transcripts.smoothing import smooth


def turns_of(document: Document) -> list[Turn]:
    """Return the living segments with words as turns of their speakers, after merges."""
    turns = []
    for segment in document.segments():
        words = document.words(segment)
        if words:
            turns.append(
                Turn(
                    start=min(word.times.start for word in words),
                    end=max(word.times.end for word in words),
                    speaker=document.effective_speaker(segment.label),
                    channel=segment.channel,
                )
            )
    return turns


def with_speakers(
    passages: Sequence[Passage], turns: Sequence[Turn], *, split: bool
) -> list[Passage]:
    """Give passages the speakers of turns, as recognized words get them.

    A passage belongs to the speaker of most of it. With `split`, it is divided where the speaker
    changes. Without turns, passages keep their labels.
    """
    if not turns:
        return list(passages)
    found = _speakers(passages, turns)
    return [
        part
        for passage, speakers in zip(passages, found, strict=True)
        for part in (_divided(passage, speakers) if split else (_given(passage, speakers),))
    ]


def _speakers(passages: Sequence[Passage], turns: Sequence[Turn]) -> list[list[str]]:
    """Return the speaker of each word of each passage."""
    apart = {passage.channel for passage in passages} == {turn.channel for turn in turns}
    channels: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, passage in enumerate(passages):
        channels[passage.channel if apart else 0] += [
            (number, place) for place in range(len(passage.words))
        ]
    found = [[""] * len(passage.words) for passage in passages]
    for channel, places in channels.items():
        places.sort(key=lambda place: passages[place[0]].words[place[1]].times.start)
        spoken = [_spoken(passages[number], number, place) for number, place in places]
        own = [turn for turn in turns if not apart or turn.channel == channel]
        items = smooth(spoken, attribute(spoken, own, own), SpeakerTimes(own))
        for (number, place), item in zip(places, items, strict=True):
            found[number][place] = item.speaker or ""
    return found


def _spoken(passage: Passage, number: int, place: int) -> SpokenWord:
    word = passage.words[place]
    return SpokenWord(
        text=word.wording.text,
        start=word.times.start,
        end=word.times.end,
        probability=1.0,
        passage=number,
    )


def _given(passage: Passage, speakers: Sequence[str]) -> Passage:
    seconds: dict[str, float] = defaultdict(float)
    for place, speaker in enumerate(speakers):
        seconds[speaker] += weight(_spoken(passage, 0, place))
    label = max(seconds, key=lambda name: seconds[name], default="")
    return replace(passage, label=label or passage.label)


def _divided(passage: Passage, speakers: Sequence[str]) -> Iterator[Passage]:
    place, start = 0, passage.start
    for speaker, run in itertools.groupby(speakers):
        stop = place + sum(1 for _ in run)
        last = stop == len(speakers)
        end = passage.end if last else max(start, passage.words[stop].times.start)
        yield replace(
            passage,
            label=speaker or passage.label,
            start=start,
            end=end,
            words=passage.words[place:stop],
        )
        place, start = stop, end
