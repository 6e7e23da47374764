"""Speech given by edits to another label, and the rest of a voice without it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names.clips import clip_range

#: From this share of moved speech on, a voiceprint says more about others.
MOST_MOVED = 0.5
Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardWord:
    """A word with its label in the machine version and its current one."""

    heard: str
    label: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedSpeech:
    """Lost speech of a label: spans in seconds, and their share of all its speech."""

    spans: tuple[Span, ...] = ()
    share: float = 0.0

    @property
    def seconds(self) -> float:
        """Length of all spans."""
        return sum(end - start for start, end in self.spans)


def moved_speech(
    segments: Iterable[Sequence[HeardWord]],
    *,
    totals: Mapping[str, float],
    merged_into: Mapping[str, str],
) -> dict[str, MovedSpeech]:
    """Return the lost speech by label.

    `segments` has the words of edited segments in order, without inserted ones. `totals` has the
    seconds of each label in the machine version, `merged_into` the targets of merged labels.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    for words in segments:
        before: HeardWord | None = None
        for word in words:
            if _same(word.heard, word.label, merged_into):
                before = None
                continue
            own = spans[word.heard]
            if before is not None and before.heard == word.heard:
                own[-1] = (own[-1][0], max(own[-1][1], word.end))
            else:
                own.append((word.start, word.end))
            before = word
    return {
        label: MovedSpeech(
            spans=tuple(own),
            share=min(1.0, sum(end - start for start, end in own) / max(totals[label], 1e-9)),
        )
        for label, own in spans.items()
    }


def without_moved(
    speakers: Iterable[TranscriptSpeaker], moved: Mapping[str, MovedSpeech]
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers as voices, without the lost speech of their labels.

    Clean stretches lack it. A clip of it is left out, and so is the voiceprint if most of the
    speech has moved.
    """
    return tuple(
        _without(speaker, moved[speaker.label]) if speaker.label in moved else speaker
        for speaker in speakers
    )


def _without(speaker: TranscriptSpeaker, moved: MovedSpeech) -> TranscriptSpeaker:
    clip = clip_range(speaker.clean)
    spoiled = clip is not None and any(
        start < clip[1] and end > clip[0] for start, end in moved.spans
    )
    clean = [piece for stretch in speaker.clean for piece in _rest(stretch, moved.spans)]
    return replace(
        speaker,
        clean=tuple(sorted(clean, key=lambda item: (item[0] - item[1], item[0]))),
        clip_key="" if spoiled else speaker.clip_key,
        voiceprint=None if moved.share >= MOST_MOVED else speaker.voiceprint,
        speech_seconds=max(0.0, speaker.speech_seconds - moved.seconds),
    )


def _rest(stretch: Span, spans: Iterable[Span]) -> list[Span]:
    """Return the parts of a stretch outside of spans."""
    start, end = stretch
    rest: list[Span] = []
    for first, last in sorted(spans):
        if last <= start or first >= end:
            continue
        if first > start:
            rest.append((start, first))
        start = max(start, last)
    if start < end:
        rest.append((start, end))
    return rest


def _same(heard: str, label: str, merged_into: Mapping[str, str]) -> bool:
    return _effective(heard, merged_into) == _effective(label, merged_into)


def _effective(label: str, merged_into: Mapping[str, str]) -> str:
    for _ in merged_into:
        into = merged_into.get(label, "")
        if not into:
            break
        label = into
    return label
