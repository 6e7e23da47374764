"""Live recognition with the real models."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bench import metrics
from bench.recordings import Recording
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.errors import ResourceExhaustedError
from common.inference import Inference
from common.models.store import ModelStore
from common.times import seconds
from securetranscribe.v1 import speech_pb2
from tests.integration.ml.engine_protocols import WORKER
from tests.unit.common.audio import sounds
from tests.unit.transcriber.worker.live.streams import Response, config, finals, pcm, requests
from transcriber.worker.app import load_recognizer
from transcriber.worker.live.streams import LiveStreams
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.servicer import SpeechServicer
from transcriber.worker.settings import SpeechWorkerSettings

GERMAN = Path(__file__).with_name("german.ogg")


@pytest.fixture(scope="module")
def recognizer(store: ModelStore) -> Recognizer:
    return load_recognizer(
        SpeechWorkerSettings(
            **WORKER,  # type: ignore[arg-type]
            speech_engine_english="moonshine",
            model_dir=store.model_dir,
        )
    )


@pytest.fixture
async def servicer(recognizer: Recognizer) -> AsyncIterator[SpeechServicer]:
    inference = Inference("test")
    lane = inference.lane("live", at_once=1, most=4)
    live = LiveStreams(recognizer, lane, limit=2, threads=1)
    yield SpeechServicer(recognizer, inference, live=live)
    inference.close()


@pytest.fixture(scope="module")
def call(telephone: Recording) -> Samples:
    return read_window(telephone.audio, 0.0, 30.0)


@pytest.fixture(scope="module")
def batch(recognizer: Recognizer, telephone: Recording) -> str:
    """Return the words of the whole recording, processed at once."""
    found = recognizer.recognize(
        [telephone.audio],
        speech_pb2.RecognitionConfig(language="en"),
        on_progress=lambda _fraction, _step: None,
        cancelled=lambda: False,
    )
    return " ".join(segment.text for segment in found.segments)


async def stream(
    servicer: SpeechServicer,
    first: speech_pb2.StreamingRecognizeRequest,
    data: bytes,
    *,
    speech_from: float = 1.0,
) -> list[Response]:
    """Send a stream ten times as fast as it was spoken.

    Behind the share `speech_from` of it, it is slow until there is a draft. A recognizer on a busy
    machine would get whole utterances, which have none.
    """
    found: list[Response] = []
    drafted = asyncio.Event()

    async def asked() -> AsyncIterator[speech_pb2.StreamingRecognizeRequest]:
        sent = 0
        async for request in requests(first, data, size=max(400, len(data) // 300), pace=0.01):
            yield request
            sent += len(request.audio)
            if sent > speech_from * len(data) and not drafted.is_set():
                await asyncio.sleep(0.2)

    async for response in servicer.StreamingRecognize(asked(), None):
        found.append(response)
        if response.words and not response.final:
            drafted.set()
    return found


def words(found: list[Response], channel: int = 0) -> list[speech_pb2.RecognizedWord]:
    return [
        word.word for one in found if one.final and one.channel == channel for word in one.words
    ]


def check_order(found: list[Response]) -> None:
    """Check that words are in order, and that segments are numbered."""
    starts = [seconds(word.start) for word in words(found)]
    assert starts == sorted(starts)
    numbers = [one.segment for one in found if one.final]
    assert numbers == list(range(len(numbers)))
    open_segment = 0
    for one in found:
        if one.words:
            assert one.segment == open_segment
            open_segment += one.final


async def test_a_call_is_recognized_while_it_is_spoken(
    servicer: SpeechServicer, telephone: Recording, call: Samples, batch: str
) -> None:
    found = await stream(servicer, config(), pcm(call), speech_from=6.5 / 30)
    check_order(found)
    live = metrics.word_errors(telephone.text, " ".join(finals(found)))
    whole = metrics.word_errors(telephone.text, batch)
    assert live.rate < whole.rate + 0.08
    # Words that are said once are there once.
    said = metrics.normalize(" ".join(finals(found)))
    for once in ("diane", "sheila", "texas", "jersey"):
        assert said.count(once) == metrics.normalize(batch).count(once)
    assert any(one.words and not one.final for one in found)
    assert seconds(found[-1].processed_duration) > 29.0


@pytest.mark.parametrize("rate", [8_000, 48_000])
async def test_other_sample_rates_are_taken(
    servicer: SpeechServicer, telephone: Recording, rate: int
) -> None:
    sound = read_window(telephone.audio, 6.0, 18.0, sample_rate=rate)
    found = await stream(servicer, config(sample_rate_hertz=rate), pcm(sound))
    said = metrics.normalize(" ".join(finals(found)))
    assert {"diane", "jersey", "texas"} <= set(said)


async def test_a_recorder_of_a_browser_is_taken(
    servicer: SpeechServicer, telephone: Recording, call: Samples
) -> None:
    sound = read_window(telephone.audio, 0.0, 30.0, sample_rate=48_000)
    data = sounds.encode(sound, sounds.FORMATS["webm"])
    first = config(encoding=speech_pb2.AUDIO_ENCODING_WEBM_OPUS, sample_rate_hertz=0)
    found = await stream(servicer, first, data)
    check_order(found)
    assert metrics.word_errors(telephone.text, " ".join(finals(found))).rate < 0.3


async def test_german_is_detected(servicer: SpeechServicer) -> None:
    sound = read_window(GERMAN, 0.0, 20.0)
    first = config(config=speech_pb2.RecognitionConfig())
    found = await stream(servicer, first, pcm(sound))
    languages = [one.language for one in found if one.final]
    assert languages.count("de") >= 0.8 * len(languages)


async def test_parties_on_two_channels_are_kept_apart(
    servicer: SpeechServicer, call: Samples
) -> None:
    part = call[6 * SAMPLE_RATE : 16 * SAMPLE_RATE]
    quiet = np.zeros_like(part)
    first = config(channels=2, separate_channels=True)
    found = await stream(servicer, first, pcm(np.stack([quiet, part], axis=1)))
    assert not words(found, 0)
    assert "Diane" in " ".join(finals(found, 1))


def music(length: int) -> Samples:
    """Return chords with a beat."""
    times = np.arange(length) / SAMPLE_RATE
    roots = 220.0 * 2.0 ** (np.array([0, 5, 7, 3])[(times // 2).astype(int) % 4] / 12)
    phase = 2 * np.pi * np.cumsum(roots) / SAMPLE_RATE
    tones = sum(np.sin(phase * ratio) / number for number, ratio in enumerate((1, 1.26, 1.5, 2), 1))
    beat = np.exp(-((times * 2) % 1) * 6)
    return (0.12 * tones * (0.4 + 0.6 * beat)).astype(np.float32)


@pytest.mark.parametrize("kind", ["silence", "noise", "loud noise", "music", "hum"])
async def test_sound_without_speech_has_no_words(servicer: SpeechServicer, kind: str) -> None:
    length = 60 * SAMPLE_RATE
    noise = np.random.default_rng(4).standard_normal(length).astype(np.float32)
    hum = np.sin(2 * np.pi * 50 * np.arange(length) / SAMPLE_RATE).astype(np.float32)
    sound = {
        "silence": np.zeros(length, np.float32),
        "noise": 0.01 * noise,
        "loud noise": 0.2 * noise,
        "music": music(length),
        "hum": 0.1 * hum + 0.002 * noise,
    }[kind]
    found = await stream(servicer, config(), pcm(sound))
    assert not any(one.words for one in found)
    assert seconds(found[-1].processed_duration) > 58.0


async def test_two_streams_share_a_worker_and_a_third_is_refused(
    servicer: SpeechServicer, call: Samples
) -> None:
    part = pcm(call[6 * SAMPLE_RATE : 18 * SAMPLE_RATE])
    both = [asyncio.create_task(stream(servicer, config(), part)) for _ in range(2)]
    await asyncio.sleep(0.5)
    with pytest.raises(ResourceExhaustedError):
        await stream(servicer, config(), part)
    one, other = await asyncio.gather(*both)
    assert "Diane" in " ".join(finals(one))
    assert "Diane" in " ".join(finals(other))
