"""Voices of recordings, decisions about them, and the resulting entries of a ledger."""

import datetime as dt
import enum
from dataclasses import dataclass

from speakers.domain.voiceprint import Voiceprint


class DecisionSource(enum.Enum):
    """Basis for attributing a voice to a profile."""

    PERSON = "person"
    MACHINE = "machine"
    ENROLLMENT = "enrollment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One entry of a profile's ledger, without the voiceprint itself.

    For an enrolled clip, `transcription_id` is 0 and `speaker_label` is empty. `seconds` is the
    clean speech behind the voiceprint. `confidence` is 1 except for automatic recognitions.
    """

    observation_id: int
    profile_id: int
    transcription_id: int
    speaker_label: str
    seconds: float
    decided_by: DecisionSource
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
    """A voice of one recording.

    `speech_seconds` counts all its speech. `voiceprint` is None when the recording has too little
    speech of this voice alone.
    """

    label: str
    voiceprint: Voiceprint | None
    speech_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceDecision:
    """A person's decision about one voice of a recording.

    `profile_id` is the profile with the name at that time, 0 when only the name is known. With
    `clip_gone`, an earlier clip is not of this voice any more.
    """

    voice: Voice
    name: str
    clip: Clip | None = None
    profile_id: int = 0
    clip_gone: bool = False
