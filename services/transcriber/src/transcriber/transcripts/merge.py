"""Merge of recognized words and diarized turns into a transcript with speakers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transcriber.domain.transcripts import (
    Segment,
    SpeakerStatistics,
    SpokenWord,
    Transcript,
    Turn,
    Word,
    mean_probability,
    weight,
)
from transcriber.transcripts import segmentation
from transcriber.transcripts.alignment import Attribution, SpeakerTimes, attribute
from transcriber.transcripts.overlap import cut_at_replies, with_overlapping_speakers
from transcriber.transcripts.smoothing import smooth

LABEL = "Speaker_{}"

#: A speaker of one channel under the diarizer's label, empty without a turn.
_Owner = tuple[int, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """Words of one segment with their attributions."""

    owner: _Owner
    words: Sequence[SpokenWord]
    items: Sequence[Attribution]


def merge(
    words: Sequence[SpokenWord],
    *,
    exclusive_turns: Sequence[Turn] = (),
    turns: Sequence[Turn] = (),
) -> Transcript:
    """Attribute every word to a speaker and split the words into segments.

    Every word appears exactly once. Segments are in order of their start. Words of a channel belong
    to the speakers of that channel, so that segments of different channels may overlap. Labels are
    `Speaker_1`, `Speaker_2` ... in order of first appearance. A speaker without words is left out.
    A channel without turns has one speaker. The same input always gives the same transcript.
    """
    channels: dict[int, list[SpokenWord]] = defaultdict(list)
    for word in sorted(words, key=lambda word: word.start):
        channels[word.channel].append(word)
    lines = [
        line
        for channel, spoken in sorted(channels.items())
        for line in _lines(
            spoken,
            [turn for turn in exclusive_turns if turn.channel == channel],
            [turn for turn in turns if turn.channel == channel],
            [other for number, said in channels.items() if number != channel for other in said],
        )
    ]
    lines.sort(key=lambda line: (line.words[0].start, line.owner[0]))
    labels = _labels([line.owner for line in lines])
    segments = tuple(_segment(line, labels) for line in lines)
    if len(channels) > 1:
        segments = with_overlapping_speakers(segments)
    return Transcript(
        segments=segments,
        speakers=_statistics(segments, labels),
        confidence=mean_probability(words),
        language=_prevailing(words),
    )


def _lines(
    words: Sequence[SpokenWord],
    exclusive: Sequence[Turn],
    turns: Sequence[Turn],
    others: Sequence[SpokenWord],
) -> Iterator[_Line]:
    """Yield the lines of one channel. `others` are the words of all other channels."""
    voices = turns or exclusive
    items = smooth(words, attribute(words, exclusive or turns, voices), SpeakerTimes(voices))
    ranges = segmentation.split(words, [item.speaker or "" for item in items])
    for part in cut_at_replies(words, ranges, others):
        yield _Line(
            owner=(words[part.start].channel, items[part.start].speaker or ""),
            words=words[part.start : part.stop],
            items=items[part.start : part.stop],
        )


def _labels(owners: Sequence[_Owner]) -> dict[_Owner, str]:
    """Map the diarizer's labels to new ones in order of first appearance."""
    return {
        owner: LABEL.format(number) for number, owner in enumerate(dict.fromkeys(owners), start=1)
    }


def _segment(line: _Line, labels: dict[_Owner, str]) -> Segment:
    channel, _ = line.owner
    return Segment(
        label=labels[line.owner],
        text=segmentation.join(line.words),
        start=line.words[0].start,
        end=max(max(word.end, word.start) for word in line.words),
        confidence=mean_probability(line.words),
        language=line.words[0].language,
        words=tuple(
            Word(
                text=word.text,
                start=word.start,
                end=max(word.end, word.start),
                probability=word.probability,
                speakers=tuple(
                    labels[channel, name] for name in item.present if (channel, name) in labels
                ),
            )
            for word, item in zip(line.words, line.items, strict=True)
        ),
        channel=channel,
    )


def _statistics(
    segments: Sequence[Segment], labels: dict[_Owner, str]
) -> tuple[SpeakerStatistics, ...]:
    by_label: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_label[segment.label].append(segment)
    return tuple(
        SpeakerStatistics(
            label=label,
            origin=origin,
            segment_count=len(by_label[label]),
            total_duration=sum(segment.end - segment.start for segment in by_label[label]),
            average_confidence=mean_confidence(by_label[label]),
            channel=channel,
        )
        for (channel, origin), label in labels.items()
    )


def mean_confidence(segments: Sequence[Segment]) -> float:
    """Return the mean confidence of segments weighted by length, 0 without segments."""
    total = sum(weight(segment) for segment in segments)
    if not total:
        return 0.0
    mean = sum(segment.confidence * weight(segment) for segment in segments) / total
    return min(1.0, max(0.0, mean))


def _prevailing(words: Sequence[SpokenWord]) -> str:
    """Return the language of most of the speech."""
    seconds: dict[str, float] = defaultdict(float)
    for word in words:
        if word.language:
            seconds[word.language] += weight(word)
    return max(seconds, key=lambda code: seconds[code], default="")
