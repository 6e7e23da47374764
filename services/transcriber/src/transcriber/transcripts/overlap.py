"""Overlapping speech of channels: conversations in readable order, and who speaks at once."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace

from transcriber.domain.transcripts import SHORTEST_SECONDS, Segment, SpokenWord, Turn, Word
from transcriber.transcripts.alignment import PRESENT_SHARE, TurnSweep
from transcriber.transcripts.smoothing import parted


def cut_at_replies(
    words: Sequence[SpokenWord], ranges: Sequence[range], others: Sequence[SpokenWord]
) -> Iterator[range]:
    """Cut ranges of words between sentences where somebody on another channel has begun to speak.

    Sentences stay whole, even if another one begins during them. `others` are the words of all
    other channels.

    Example: `["Really?", "And then?"]` becomes two ranges if another channel has "Yes." between.
    """
    begun = sorted(_sentence_starts(others))
    for part in ranges:
        begin = part.start
        for place in part[1:]:
            if not parted(words[place - 1], words[place]):
                continue
            after = bisect.bisect_right(begun, words[begin].start)
            if after < len(begun) and begun[after] <= words[place].start:
                yield range(begin, place)
                begin = place
        yield range(begin, part.stop)


def _sentence_starts(words: Sequence[SpokenWord]) -> Iterator[float]:
    """Yield when sentences begin, by channel."""
    last: dict[int, SpokenWord] = {}
    for word in words:
        before = last.get(word.channel)
        if before is None or parted(before, word):
            yield word.start
        last[word.channel] = word


def with_overlapping_speakers(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments with the speakers of other channels added to the words that they overlap.

    A speaker is added to a word if words of another channel cover a third of it.
    """
    channel_of = {segment.label: segment.channel for segment in segments}
    sweep = TurnSweep(
        [
            Turn(start=word.start, end=word.end, speaker=segment.label)
            for segment in segments
            for word in segment.words
        ]
    )
    ordered = sorted(
        (word.start, number, place)
        for number, segment in enumerate(segments)
        for place, word in enumerate(segment.words)
    )
    words = [list(segment.words) for segment in segments]
    for _, number, place in ordered:
        word, channel = words[number][place], segments[number].channel
        end = max(word.end, word.start + SHORTEST_SECONDS)
        heard = sweep.during(word.start, end)
        others = {name: seconds for name, seconds in heard.items() if channel_of[name] != channel}
        words[number][place] = _joined(word, segments[number].label, others, end - word.start)
    return tuple(
        replace(segment, words=tuple(changed))
        for segment, changed in zip(segments, words, strict=True)
    )


def _joined(word: Word, label: str, others: dict[str, float], length: float) -> Word:
    added = [name for name in others if others[name] >= PRESENT_SHARE * length]
    if not added:
        return word
    added.sort(key=lambda name: -others[name])
    return replace(word, speakers=(*(word.speakers or (label,)), *added))
