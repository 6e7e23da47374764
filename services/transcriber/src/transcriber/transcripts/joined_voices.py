"""Diarizations of the parts of a recording, joined into one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from common import lengths
from common.voices import parts as voices
from common.voices.limits import RequestedSpeakers
from common.voices.values import Turn as SpokenTurn
from common.voices.values import Voice as VoiceVector
from transcriber.domain.parts import Part
from transcriber.domain.transcripts import Turn, Voiceprint
from transcriber.transcripts.stage_results import DiarizedSpeech, Voice

NOT_TOLD_APART = (
    "Speakers could not be told apart between {} and {}. Diarization can be run again. Reason: {}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizedPart:
    """A part with its diarization, in times of the recording."""

    part: Part
    speech: DiarizedSpeech


def requested_speakers(options: Mapping[str, Any]) -> RequestedSpeakers:
    """Return the numbers of speakers in the options of a task."""
    return RequestedSpeakers(
        exactly=options.get("speaker_count", 0),
        at_least=options.get("min_speakers", 0),
        at_most=options.get("max_speakers", 0),
    )


def join_voices(parts: Sequence[DiarizedPart], requested: RequestedSpeakers) -> DiarizedSpeech:
    """Join the diarizations of parts, given in order. Some may be missing.

    Channels are the signals. Voices of another model than the first part's are not compared.
    """
    first = parts[0].speech
    model = next(
        (voice.voiceprint for one in parts for voice in one.speech.voices if voice.voiceprint),
        None,
    )
    joined = voices.join_parts(
        [_part(one, model) for one in parts],
        threshold=first.link_threshold,
        requested=requested,
        defaults=first.limits,
    )
    channels = {speaker.label: speaker.signal for speaker in joined.speakers}
    return DiarizedSpeech(
        turns=_turns(joined.turns, channels),
        exclusive_turns=_turns(joined.exclusive_turns, channels),
        voices=tuple(
            Voice(
                label=speaker.label,
                voiceprint=_voiceprint(speaker.voice, model),
                speech_seconds=speaker.speech_seconds,
                clean=speaker.clean,
                channel=speaker.signal,
            )
            for speaker in joined.speakers
        ),
        model=first.model,
        warnings=tuple(
            dict.fromkeys(
                (*(text for one in parts for text in one.speech.warnings), *joined.warnings)
            )
        ),
        link_threshold=first.link_threshold,
        limits=first.limits,
    )


def missing(part: Part, reason: str) -> str:
    """Return the warning about a part without a diarization."""
    return NOT_TOLD_APART.format(lengths.clock(part.start), lengths.clock(part.end), reason)


def _part(one: DiarizedPart, model: Voiceprint | None) -> voices.DiarizedPart:
    return voices.DiarizedPart(
        core=(one.part.start, one.part.end),
        heard=one.part.heard,
        turns=_spoken(one.speech.turns),
        exclusive_turns=_spoken(one.speech.exclusive_turns),
        speakers=tuple(
            voices.PartSpeaker(
                label=voice.label,
                signal=voice.channel,
                voice=_vector(voice.voiceprint, model),
            )
            for voice in one.speech.voices
        ),
    )


def _vector(voiceprint: Voiceprint | None, model: Voiceprint | None) -> VoiceVector | None:
    if voiceprint is None or model is None or _model(voiceprint) != _model(model):
        return None
    return VoiceVector(
        vector=np.array(voiceprint.values, dtype=np.float32), seconds=voiceprint.speech_seconds
    )


def _model(voiceprint: Voiceprint) -> tuple[str, str]:
    return voiceprint.model, voiceprint.model_version


def _voiceprint(voice: VoiceVector | None, model: Voiceprint | None) -> Voiceprint | None:
    if voice is None or model is None:
        return None
    return Voiceprint(
        values=tuple(float(value) for value in voice.vector),
        model=model.model,
        model_version=model.model_version,
        speech_seconds=voice.seconds,
    )


def _spoken(turns: Sequence[Turn]) -> tuple[SpokenTurn, ...]:
    return tuple(SpokenTurn(start=turn.start, end=turn.end, speaker=turn.speaker) for turn in turns)


def _turns(turns: Sequence[SpokenTurn], channels: Mapping[str, int]) -> tuple[Turn, ...]:
    return tuple(
        Turn(
            start=turn.start,
            end=turn.end,
            speaker=turn.speaker,
            channel=channels.get(turn.speaker, 0),
        )
        for turn in turns
    )
