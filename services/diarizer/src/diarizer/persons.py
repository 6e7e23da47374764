"""Persons: speakers joined until no more remain than a request allows."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from common.voices import persons
from common.voices.turns import speech_seconds
from common.voices.values import Timeline, Voice
from diarizer.engines.protocol import Diarization, Speaker, Voiceprint


def at_most(
    found: Mapping[int, Diarization], *, each: int | None, together: int | None
) -> dict[int, Diarization]:
    """Join the speakers of signals, as described in `common.voices.persons`."""
    timelines = {number: _timeline(one) for number, one in found.items()}
    fewer = persons.at_most(timelines, each=each, together=together)
    return {
        number: one if fewer[number] is timelines[number] else _with(one, fewer[number])
        for number, one in found.items()
    }


def _timeline(found: Diarization) -> Timeline:
    return Timeline(
        turns=found.turns,
        exclusive_turns=found.exclusive_turns,
        voices={
            speaker.label: _voice(speaker.voiceprint)
            for speaker in found.speakers
            if speaker.voiceprint is not None
        },
    )


def _voice(voiceprint: Voiceprint) -> Voice:
    vector = np.array(voiceprint.embedding, dtype=np.float32)
    return Voice(vector=vector, seconds=voiceprint.speech_seconds)


def _with(found: Diarization, fewer: Timeline) -> Diarization:
    """Return a diarization with the turns and voices of a timeline."""
    seconds = speech_seconds(fewer.turns)
    some = next((s.voiceprint for s in found.speakers if s.voiceprint is not None), None)
    return replace(
        found,
        turns=fewer.turns,
        exclusive_turns=fewer.exclusive_turns,
        speakers=tuple(
            Speaker(
                label=label,
                speech_seconds=seconds[label],
                voiceprint=_print(some, fewer.voices.get(label)),
            )
            for label in seconds
        ),
    )


def _print(some: Voiceprint | None, voice: Voice | None) -> Voiceprint | None:
    """Return the voiceprint of a voice, by the model of another one."""
    if some is None or voice is None:
        return None
    embedding = tuple(float(value) for value in voice.vector)
    return replace(some, embedding=embedding, speech_seconds=voice.seconds)
