"""Diarizations made of turns, for unit tests."""

from collections.abc import Mapping

from diarizer.engines.protocol import Diarization, Speaker, Turn, Voiceprint


def voiceprint(*values: float, seconds: float = 5.0) -> Voiceprint:
    """Return a voiceprint of the given (normalized) values."""
    norm = sum(value * value for value in values) ** 0.5
    embedding = tuple(value / norm for value in values)
    return Voiceprint(embedding=embedding, speech_seconds=seconds, model="m", model_version="1")


def diarization(
    *turns: tuple[str, float, float], voices: Mapping[str, Voiceprint] | None = None
) -> Diarization:
    """Return a diarization of turns: label, start and end in seconds."""
    said = tuple(Turn(start=start, end=end, speaker=label) for label, start, end in turns)
    seconds: dict[str, float] = {}
    for turn in said:
        seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + turn.duration
    return Diarization(
        turns=said,
        exclusive_turns=said,
        speakers=tuple(
            Speaker(label=label, speech_seconds=length, voiceprint=(voices or {}).get(label))
            for label, length in seconds.items()
        ),
        duration=max((turn.end for turn in said), default=0.0),
        processing_seconds=1.0,
        model="m",
        model_version="1",
        warnings=("It hums.",),
    )
