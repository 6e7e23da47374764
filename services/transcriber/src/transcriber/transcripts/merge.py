"""Merge of recognized words and diarized turns into a transcript with speakers."""

from collections import defaultdict
from collections.abc import Sequence

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
from transcriber.transcripts.smoothing import smooth

LABEL = "Speaker_{}"


def merge(
    words: Sequence[SpokenWord],
    *,
    exclusive_turns: Sequence[Turn] = (),
    turns: Sequence[Turn] = (),
) -> Transcript:
    """Attribute every word to a speaker and split the words into segments.

    Every word appears exactly once, in order of time. Labels are `Speaker_1`, `Speaker_2` ... in
    order of first appearance. A speaker without words is left out. Without turns there is one
    speaker. The same input always gives the same transcript.
    """
    ordered = [
        word for _, word in sorted(enumerate(words), key=lambda item: (item[1].start, item[0]))
    ]
    voices = turns or exclusive_turns
    items = smooth(
        ordered, attribute(ordered, exclusive_turns or turns, voices), SpeakerTimes(voices)
    )
    owners = [item.speaker or "" for item in items]
    ranges = segmentation.split(ordered, owners)
    labels = _labels([owners[part.start] for part in ranges])
    segments = tuple(_segment(ordered, items, part, labels) for part in ranges)
    return Transcript(
        segments=segments,
        speakers=_statistics(segments, labels),
        confidence=mean_probability(ordered),
        language=_prevailing(ordered),
    )


def _labels(owners: Sequence[str]) -> dict[str, str]:
    """Map the diarizer's labels to new ones in order of first appearance."""
    return {
        owner: LABEL.format(number) for number, owner in enumerate(dict.fromkeys(owners), start=1)
    }


def _segment(
    words: Sequence[SpokenWord],
    items: Sequence[Attribution],
    part: range,
    labels: dict[str, str],
) -> Segment:
    spoken = words[part.start : part.stop]
    owner = items[part.start].speaker or ""
    return Segment(
        label=labels[owner],
        text=segmentation.join(spoken),
        start=spoken[0].start,
        end=max(max(word.end, word.start) for word in spoken),
        confidence=mean_probability(spoken),
        language=spoken[0].language,
        words=tuple(
            Word(
                text=words[place].text,
                start=words[place].start,
                end=max(words[place].end, words[place].start),
                probability=words[place].probability,
                speakers=tuple(labels[name] for name in items[place].present if name in labels),
            )
            for place in part
        ),
    )


def _statistics(
    segments: Sequence[Segment], labels: dict[str, str]
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
        )
        for origin, label in labels.items()
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
