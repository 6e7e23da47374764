"""Calls with one party per channel, with the real models."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bench.metrics import word_errors
from common.tasks.signals import planned_sounds
from diarizer.engines.protocol import DiarizationOptions
from diarizer.signals import SignalDiarizer
from securetranscribe.v1 import diarization_pb2, speech_pb2
from tests.unit.common.audio.sounds import float_wav
from tests.unit.transcriber.worker.calls import Channel, Echo, leak
from transcriber.worker.recognizer import Recognizer

#: Lines of each party and when they begin, in seconds. The last ones are said at once.
DIANE = {
    "Okay, then I thought you know, I heard a beep.": 1.0,
    "This is Diane in New Jersey.": 7.0,
    "Oh, I'm originally from Chicago also.": 14.0,
}
SHEILA = {
    "And I'm Sheila in Texas, originally from Chicago.": 9.5,
    "Well, there isn't that much difference.": 14.2,
}


@pytest.fixture(scope="module")
def call() -> bytes:
    """Return a call in which each party hears the other one's echo."""
    parties = [Channel(seconds=18.0), Channel(seconds=18.0)]
    for party, lines in zip(parties, (DIANE, SHEILA), strict=True):
        for text, start in lines.items():
            party.say(text, start)
    alone = Channel(seconds=18.0)
    alone.sound = parties[0].sound.copy()
    leak(parties[1], parties[0], Echo(level=-30, delay=0.2))
    leak(alone, parties[1], Echo(level=-20, delay=0.12, room=0.3))
    return float_wav(np.stack([party.sound for party in parties], axis=1))


def test_each_party_has_its_own_words(speech: Callable[..., Any], call: bytes) -> None:
    # With 8 bits, words depend on the instructions of the processor.
    found = Recognizer(speech(compute_type="float32"), 5).recognize(
        planned_sounds(io.BytesIO(call)),
        speech_pb2.RecognitionConfig(language="en"),
        on_progress=lambda *_: None,
        cancelled=lambda: False,
    )
    for signal, lines in enumerate((DIANE, SHEILA)):
        said = " ".join(one.text for one in found.segments if one.signal_index == signal)
        assert word_errors(" ".join(lines), said).rate <= 0.25, said
    assert any("channel 2" in warning and "channel 1" in warning for warning in found.warnings)


@pytest.mark.parametrize("count", [0, 2])
def test_each_party_is_one_speaker(diarizer: Callable[..., Any], call: bytes, count: int) -> None:
    found = SignalDiarizer(diarizer(), DiarizationOptions()).diarize(
        planned_sounds(io.BytesIO(call)),
        diarization_pb2.DiarizationConfig(speaker_count=count),
        on_progress=lambda *_: None,
        cancelled=lambda: False,
    )
    assert [len(one.speakers) for one in found.results.values()] == [1, 1]
    first, second = (one.speakers[0].voiceprint for one in found.results.values())
    assert first is not None
    assert second is not None
    assert float(np.dot(first.embedding, second.embedding)) < 0.6
