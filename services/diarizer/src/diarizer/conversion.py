"""Conversion between values of the diarizer and messages."""

from collections.abc import Sequence

from common.times import duration
from diarizer.engines.protocol import Diarization, DiarizationOptions, Turn, Voiceprint
from diarizer.engines.voiceprints import clean_stretches
from securetranscribe.v1 import diarization_pb2

_CLEAN_TURNS = 5


def options_of(
    config: diarization_pb2.DiarizationConfig, defaults: DiarizationOptions
) -> DiarizationOptions:
    """Return the options of a request, completed by the worker's defaults.

    Raises:
        ValueError: the numbers of speakers contradict each other.
    """
    return DiarizationOptions(
        num_speakers=config.speaker_count or None,
        min_speakers=config.min_speaker_count or defaults.min_speakers,
        max_speakers=max(
            config.max_speaker_count or defaults.max_speakers, config.min_speaker_count
        ),
        min_speaker_duration=defaults.min_speaker_duration,
    )


def to_message(found: Diarization) -> diarization_pb2.Diarization:
    """Convert a diarization to its message, with labels `Speaker_1` and so on."""
    labels = {
        speaker.label: f"Speaker_{number}" for number, speaker in enumerate(found.speakers, 1)
    }
    clean = clean_stretches(found.turns)
    return diarization_pb2.Diarization(
        turns=_turns(found.turns, labels),
        exclusive_turns=_turns(found.exclusive_turns, labels),
        speakers=[
            diarization_pb2.DiarizedSpeaker(
                speaker_label=labels[speaker.label],
                voiceprint=None
                if speaker.voiceprint is None
                else print_message(speaker.voiceprint),
                speech_duration=duration(speaker.speech_seconds),
                clean_turns=[
                    _turn(start, end, labels[speaker.label])
                    for start, end in longest(clean.get(speaker.label, []))
                ],
            )
            for speaker in found.speakers
        ],
        duration=duration(found.duration),
        model=found.model,
        model_version=found.model_version,
        processing_duration=duration(found.processing_seconds),
        warnings=found.warnings,
    )


def print_message(voiceprint: Voiceprint) -> diarization_pb2.Voiceprint:
    """Convert a voiceprint to its message."""
    return diarization_pb2.Voiceprint(
        values=voiceprint.embedding,
        model=voiceprint.model,
        model_version=voiceprint.model_version,
        speech_duration=duration(voiceprint.speech_seconds),
    )


def longest(stretches: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the longest few stretches (start, end), longest first."""
    return sorted(stretches, key=lambda stretch: stretch[0] - stretch[1])[:_CLEAN_TURNS]


def _turns(turns: Sequence[Turn], labels: dict[str, str]) -> list[diarization_pb2.Turn]:
    return [_turn(turn.start, turn.end, labels[turn.speaker]) for turn in turns]


def _turn(start: float, end: float, label: str) -> diarization_pb2.Turn:
    return diarization_pb2.Turn(start=duration(start), end=duration(end), speaker_label=label)
