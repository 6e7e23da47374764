"""Text of recordings during their processing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialSegment:
    """A passage without a speaker. Times are in seconds, `channel` counts from 1, 0 for a mix."""

    start: float
    end: float
    text: str
    language: str = ""
    channel: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialTranscript:
    """Text in order of time, up to `covered` seconds. `parts` is their number."""

    job_id: str
    parts: int
    covered: float
    segments: tuple[PartialSegment, ...]
