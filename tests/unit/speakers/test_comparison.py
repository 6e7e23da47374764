"""Comparison of clips and voices of one call."""

import io
import wave
from typing import Any

import numpy as np
import pytest

from common.errors import AudioProcessingError, SpeakerError, ValidationError
from speakers.comparison import VoiceComparison
from speakers.domain.matching import MatchPolicy, Outcome
from speakers.domain.observation import Voice
from speakers.domain.voice_space import VoiceSpaces
from speakers.domain.voiceprint import Vector, Voiceprint
from tests.unit.speakers import voices

_RATE = 16_000
PLAIN = ("voices", "1")
VECTORS = voices.random_vectors(1, 3)


class Embedder:
    """Remembers the samples, and returns one voice."""

    def __init__(self) -> None:
        self.samples = b""

    async def embed(self, samples: bytes) -> Voiceprint:
        self.samples = samples
        return voiceprint(VECTORS[0])


def voiceprint(vector: Vector, *, version: str = "1", seconds: float = 5.0) -> Voiceprint:
    return Voiceprint.of(vector.tolist(), model="voices", version=version, seconds=seconds)


def voice(label: str, heard: Voiceprint | None) -> Voice:
    return Voice(label=label, voiceprint=heard, speech_seconds=5.0)


def comparison(embedder: Embedder | None = None, **options: Any) -> VoiceComparison:
    spaces = VoiceSpaces({PLAIN: voices.plain_space(), ("voices", "2"): voices.plain_space()})
    return VoiceComparison(embedder or Embedder(), spaces, MatchPolicy(), **options)


def clip(seconds: float, *, rate: int = _RATE, loudness: float = 8000.0) -> bytes:
    samples = np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate) * loudness
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


async def test_clips_are_embedded_at_the_rate_of_the_model() -> None:
    embedder = Embedder()
    found = await comparison(embedder).embed(clip(3.0, rate=48_000))
    assert found.seconds == pytest.approx(3.0, abs=0.01)
    samples = np.frombuffer(embedder.samples, "<i2")
    assert len(samples) == pytest.approx(3 * _RATE, abs=_RATE * 0.01)
    assert int(np.abs(samples).max()) == pytest.approx(8000, rel=0.05)


@pytest.mark.parametrize("content", [b"no audio " * 100, clip(0.4), clip(3.0, loudness=0.0)])
async def test_unusable_clips(content: bytes) -> None:
    with pytest.raises(AudioProcessingError):
        await comparison().embed(content)


@pytest.mark.parametrize("content", [b"", bytes(16 * 1024**2 + 1)], ids=["empty", "large"])
async def test_size_of_clips(content: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        await comparison().embed(content)
    assert caught.value.details == {"field": "content"}


def test_voices_have_the_number_of_their_reference() -> None:
    ann, bob, eve = map(voiceprint, VECTORS)
    matches = comparison().match(
        [bob, ann], [voice("one", ann), voice("two", eve), voice("3", bob)]
    )
    assert [(found.label, found.profile_id) for found in matches] == [
        ("one", 2),
        ("two", 0),
        ("3", 1),
    ]


def test_one_reference_names_one_voice() -> None:
    ann = voiceprint(VECTORS[0])
    near = voiceprint((VECTORS[0] + VECTORS[1]).astype(np.float32))
    assert comparison().match([ann], [voice("near", near)])[0].profile_id == 1
    matches = comparison().match([ann], [voice("near", near), voice("same", ann)])
    assert [found.profile_id for found in matches] == [0, 1]


def test_voices_of_other_models_and_too_little_speech() -> None:
    ann = voiceprint(VECTORS[0])
    matches = comparison().match(
        [ann],
        [
            voice("other model", voiceprint(VECTORS[0], version="2")),
            voice("short", voiceprint(VECTORS[0], seconds=1.0)),
            voice("none", None),
        ],
    )
    assert [found.outcome for found in matches] == [
        Outcome.UNKNOWN,
        Outcome.TOO_LITTLE_SPEECH,
        Outcome.TOO_LITTLE_SPEECH,
    ]


def test_labels_are_unique() -> None:
    ann = voiceprint(VECTORS[0])
    with pytest.raises(ValidationError):
        comparison().match([ann], [voice("one", ann), voice("one", ann)])


async def test_nothing_is_compared_without_voice_memory() -> None:
    closed = comparison(voice_memory=False)
    with pytest.raises(SpeakerError):
        await closed.embed(clip(3.0))
    with pytest.raises(SpeakerError):
        closed.match([], [])
