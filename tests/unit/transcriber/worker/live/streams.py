"""Live streams with an engine without a model, and requests for them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from securetranscribe.v1 import speech_pb2
from tests.unit.transcriber.worker.fakes import FakeEngine
from transcriber.worker.engines.protocol import (
    LiveSpeech,
    LiveWords,
    RecognitionOptions,
    RecognizedWord,
)

Request = speech_pb2.StreamingRecognizeRequest
Response = speech_pb2.StreamingRecognizeResponse


@dataclass
class LiveFake(FakeEngine):
    """Hears the word "word" in each span of speech. Waits for `gate` once it is `asked`."""

    gate: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    heard: list[tuple[LiveSpeech, RecognitionOptions]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def detect_language(self, samples: Samples) -> Mapping[str, float]:
        return {"en": 0.1, "de": 0.9}

    def recognize_speech(self, speech: LiveSpeech, options: RecognitionOptions) -> LiveWords:
        self.asked.set()
        self.gate.wait(30)
        self.heard.append((speech, options))
        words = tuple(
            RecognizedWord(
                text="word",
                start=span.start / SAMPLE_RATE,
                end=span.end / SAMPLE_RATE,
                probability=0.9,
            )
            for span in speech.spans
        )
        return LiveWords(words=words[len(speech.before) :], follow=True)


def config(**fields: object) -> Request:
    """Return the first request of a stream, with 16-bit samples at 16 kHz unless told otherwise."""
    settings = {
        "encoding": speech_pb2.AUDIO_ENCODING_LINEAR16,
        "sample_rate_hertz": 16_000,
        "config": speech_pb2.RecognitionConfig(language="en"),
        "interim_results": True,
    } | fields
    return Request(streaming_config=speech_pb2.StreamingRecognitionConfig(**settings))  # type: ignore[arg-type]


def pcm(sound: Samples) -> bytes:
    """Return samples as 16-bit numbers. `sound` has the shape (n,) or (n, channels)."""
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


async def requests(
    first: Request,
    data: bytes,
    *,
    size: int = 3_200,
    wait: asyncio.Event | None = None,
    pace: float = 0.0,
) -> AsyncIterator[Request]:
    """Yield the requests of a stream. The last one waits for an event, if there is one."""
    yield first
    for start in range(0, len(data), size):
        yield Request(audio=data[start : start + size])
        await asyncio.sleep(pace)
    if wait is not None:
        await wait.wait()


def finals(responses: Sequence[Response], channel: int = 0) -> list[str]:
    """Return the final texts of a channel."""
    return [
        " ".join(word.word.text for word in one.words)
        for one in responses
        if one.final and one.channel == channel
    ]
