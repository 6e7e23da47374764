"""Rows of the ledger: which voice was taken for whose, and who said so."""

import datetime as dt
import enum
from dataclasses import dataclass

from speakers.domain.voiceprint import Voiceprint


class DecidedBy(enum.Enum):
    """Who decided that a voice belongs to a profile."""

    PERSON = "person"
    MACHINE = "machine"
    ENROLLMENT = "enrollment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One row of a profile's ledger, without the voiceprint itself.

    `transcription_id` is 0 and `speaker_label` empty for an enrolled clip; `confidence` is 1 but
    for what the machine decided.
    """

    observation_id: int
    profile_id: int
    transcription_id: int
    speaker_label: str
    seconds: float
    decided_by: DecidedBy
    model: str
    confidence: float
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """A few seconds of a voice as an audio file."""

    content: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice of one recording; `speech_seconds` counts all its speech.

    `voiceprint` is None when the person spoke too little alone.
    """

    label: str
    voiceprint: Voiceprint | None
    speech_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What a person decided about one voice of a recording.

    `profile_id` is the profile that the name stood for then, 0 where only the name is known.
    """

    voice: Voice
    name: str
    clip: Clip | None = None
    profile_id: int = 0
