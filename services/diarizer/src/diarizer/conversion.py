"""Conversion between values of the diarizer and messages."""

import math
from collections.abc import Mapping, Sequence

from common.tasks.signals import joined_warnings
from common.times import duration
from common.voices.limits import RequestedSpeakers
from common.voices.turns import clean_stretches, longest
from diarizer.engines.protocol import Diarization, DiarizationOptions, Speaker, Turn, Voiceprint
from securetranscribe.v1 import diarization_pb2

#: The number of a signal and the engine's label of a speaker in it.
_Key = tuple[int, str]


def options_of(
    config: diarization_pb2.DiarizationConfig, defaults: DiarizationOptions
) -> DiarizationOptions:
    """Return the options of a request, completed by the worker's defaults.

    Raises:
        ValueError: the numbers of speakers contradict each other.
    """
    least, most = config.min_speaker_count, config.max_speaker_count
    return DiarizationOptions(
        num_speakers=config.speaker_count or None,
        min_speakers=least or min(defaults.min_speakers, most or defaults.min_speakers),
        max_speakers=most or max(defaults.max_speakers, least),
        min_speaker_duration=defaults.min_speaker_duration,
    )


def requested(config: diarization_pb2.DiarizationConfig) -> RequestedSpeakers:
    """Return the numbers of speakers in a request."""
    return RequestedSpeakers(
        exactly=config.speaker_count,
        at_least=config.min_speaker_count,
        at_most=config.max_speaker_count,
    )


def to_message(
    found: Mapping[int, Diarization], warnings: Sequence[str] = ()
) -> diarization_pb2.Diarization:
    """Convert the diarizations of signals, by their numbers, to one message.

    Labels are `Speaker_1` and so on in order of first appearance in any signal. `warnings` are
    added to those of the signals.
    """
    some = next(iter(found.values()))
    labels = _labels(found)
    return diarization_pb2.Diarization(
        turns=_turns({number: one.turns for number, one in found.items()}, labels),
        exclusive_turns=_turns(
            {number: one.exclusive_turns for number, one in found.items()}, labels
        ),
        speakers=_speakers(found, labels),
        duration=duration(max(one.duration for one in found.values())),
        model=some.model,
        model_version=some.model_version,
        processing_duration=duration(sum(one.processing_seconds for one in found.values())),
        warnings=joined_warnings([*(one.warnings for one in found.values()), warnings]),
        link_threshold=some.link_threshold,
    )


def _labels(found: Mapping[int, Diarization]) -> dict[_Key, str]:
    """Return the labels of speakers by signal and the engine's label."""
    first: dict[_Key, float] = {}
    for number, one in found.items():
        for turn in one.turns:
            first.setdefault((number, turn.speaker), turn.start)
    order = sorted(
        ((number, speaker.label) for number, one in found.items() for speaker in one.speakers),
        key=lambda speaker: (first.get(speaker, math.inf), speaker),
    )
    return {speaker: f"Speaker_{place}" for place, speaker in enumerate(order, 1)}


def _speakers(
    found: Mapping[int, Diarization], labels: Mapping[_Key, str]
) -> list[diarization_pb2.DiarizedSpeaker]:
    """Return the speakers of all signals in the order of their labels."""
    clean = {number: clean_stretches(one.turns) for number, one in found.items()}
    speakers = {
        (number, speaker.label): speaker
        for number, one in found.items()
        for speaker in one.speakers
    }
    return [
        diarization_pb2.DiarizedSpeaker(
            speaker_label=label,
            voiceprint=_print_of(speakers[number, name]),
            speech_duration=duration(speakers[number, name].speech_seconds),
            clean_turns=[
                _turn(start, end, label) for start, end in longest(clean[number].get(name, []))
            ],
            signal_index=number,
        )
        for (number, name), label in labels.items()
    ]


def drop_voiceprints(message: diarization_pb2.Diarization) -> None:
    """Remove all voiceprints from a result, for voices not to be remembered."""
    for speaker in message.speakers:
        speaker.ClearField("voiceprint")


def _print_of(speaker: Speaker) -> diarization_pb2.Voiceprint | None:
    return None if speaker.voiceprint is None else print_message(speaker.voiceprint)


def print_message(voiceprint: Voiceprint) -> diarization_pb2.Voiceprint:
    """Convert a voiceprint to its message."""
    return diarization_pb2.Voiceprint(
        values=voiceprint.embedding,
        model=voiceprint.model,
        model_version=voiceprint.model_version,
        speech_duration=duration(voiceprint.speech_seconds),
    )


def _turns(
    turns: Mapping[int, Sequence[Turn]], labels: Mapping[_Key, str]
) -> list[diarization_pb2.Turn]:
    """Return the turns of all signals in order of start."""
    ordered = sorted(
        ((turn, number) for number, said in turns.items() for turn in said),
        key=lambda item: (item[0].start, item[0].end, item[1]),
    )
    return [_turn(turn.start, turn.end, labels[number, turn.speaker]) for turn, number in ordered]


def _turn(start: float, end: float, label: str) -> diarization_pb2.Turn:
    return diarization_pb2.Turn(start=duration(start), end=duration(end), speaker_label=label)
