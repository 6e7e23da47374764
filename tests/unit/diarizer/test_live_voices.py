"""Voices of live speech, with an engine without models."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from common.audio.resampling import Samples
from common.errors import AudioProcessingError, UnimplementedError, ValidationError
from common.inference import Inference
from common.tasks.task import TaskControl
from common.times import seconds
from diarizer.engines.protocol import DiarizationOptions, Voiceprint
from diarizer.live_voices import LiveVoices
from diarizer.servicer import DiarizationServicer
from diarizer.signals import SignalDiarizer
from securetranscribe.v1 import diarization_pb2
from tests.unit.diarizer.fakes import FakeEngine

Request = diarization_pb2.EmbedSpeechRequest


@dataclass
class VoiceFake(FakeEngine):
    """Embeds speech by its mean."""

    link_threshold: float = 0.6
    heard: list[Samples] = field(default_factory=list)

    def embed_speech(self, samples: Samples) -> Voiceprint | None:
        self.heard.append(samples)
        mean = float(samples.mean())
        if not mean:
            return None
        return Voiceprint(
            embedding=(mean, 0.0),
            speech_seconds=len(samples) / 16_000,
            model="fake",
            model_version="2",
        )


@pytest.fixture
def inference() -> Iterator[Inference]:
    running = Inference("test")
    yield running
    running.close()


def servicer(engine: FakeEngine, inference: Inference) -> DiarizationServicer:
    return DiarizationServicer(
        SignalDiarizer(engine, DiarizationOptions()), inference, LiveVoices(engine, inference)
    )


def speech(length: float, level: float = 0.5) -> bytes:
    return np.full(round(length * 16_000), level * 32768).astype("<i2").tobytes()


async def test_speech_has_a_voiceprint(inference: Inference) -> None:
    engine = VoiceFake()
    answer = await servicer(engine, inference).EmbedSpeech(Request(samples=speech(2.0)), None)
    assert list(answer.voiceprint.values) == [0.5, 0.0]
    assert seconds(answer.voiceprint.speech_duration) == 2.0
    assert (answer.voiceprint.model, answer.voiceprint.model_version) == ("fake", "2")
    assert answer.link_threshold == pytest.approx(0.6)
    assert len(engine.heard[0]) == 32_000


async def test_speech_does_not_wait_for_tasks(inference: Inference) -> None:
    begun, ended = threading.Event(), threading.Event()

    def task(_control: TaskControl) -> None:
        begun.set()
        assert ended.wait(60)

    running = inference.run(task, TaskControl(lambda _fraction, _step: None))
    waiting = asyncio.create_task(running)
    assert await asyncio.to_thread(begun.wait, 60)
    answer = await servicer(VoiceFake(), inference).EmbedSpeech(Request(samples=speech(1.0)), None)
    assert answer.voiceprint.values
    assert not waiting.done()
    ended.set()
    await waiting


@pytest.mark.parametrize("samples", [b"", speech(0.4), speech(61.0), speech(1.0) + b"x"])
async def test_too_little_or_too_much_is_refused(samples: bytes, inference: Inference) -> None:
    engine = VoiceFake()
    with pytest.raises(ValidationError) as caught:
        await servicer(engine, inference).EmbedSpeech(Request(samples=samples), None)
    assert caught.value.details == {"field": "samples"}
    assert not engine.heard


async def test_silence_has_no_voice(inference: Inference) -> None:
    with pytest.raises(AudioProcessingError, match="too little speech"):
        await servicer(VoiceFake(), inference).EmbedSpeech(Request(samples=speech(1.0, 0.0)), None)


async def test_other_engines_have_no_live_voices(inference: Inference) -> None:
    with pytest.raises(UnimplementedError, match="fake"):
        await servicer(FakeEngine(), inference).EmbedSpeech(Request(samples=speech(1.0)), None)
