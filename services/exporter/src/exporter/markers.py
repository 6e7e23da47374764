"""Markers for editing programs: one per segment, in frames from the start of the recording."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.document import Document
from exporter.safe_text import one_line

#: Frames per second. The recording's own rate is not known, and times are rounded to frames.
RATE = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """Marker with the text of a segment after its speaker. `speaker` counts speakers from 0."""

    text: str
    start: int
    duration: int
    speaker: int


def markers(document: Document) -> Iterator[Marker]:
    """Yield the markers in order of their start, at most one per frame."""
    numbers = {speaker.label: number for number, speaker in enumerate(document.speakers)}
    latest = -1
    for segment in sorted(document.segments, key=lambda one: one.start):
        text = one_line(segment.text)
        if not text:
            continue
        name = one_line(document.name_of(segment.speaker_label))
        start = max(frames(segment.start), latest + 1)
        latest = start
        yield Marker(
            text=f"{name}: {text}" if name else text,
            start=start,
            duration=max(1, frames(segment.end) - start),
            speaker=numbers.get(segment.speaker_label, len(numbers)),
        )


def frames(seconds: float) -> int:
    """Return a time in frames, 0 for a negative one."""
    return max(0, round(seconds * RATE))
