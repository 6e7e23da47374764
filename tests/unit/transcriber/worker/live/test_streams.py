"""Live streams of a worker, with an engine without a model."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from common.audio.resampling import Samples
from common.errors import (
    ResourceExhaustedError,
    UnavailableError,
    UnimplementedError,
    ValidationError,
)
from common.inference import Inference
from common.runtime import Supervisor
from common.times import duration, seconds
from securetranscribe.v1 import speech_pb2
from tests.unit.transcriber.worker.calls import voice
from tests.unit.transcriber.worker.fakes import FakeEngine
from tests.unit.transcriber.worker.live.streams import (
    LiveFake,
    Request,
    Response,
    config,
    finals,
    pcm,
    requests,
)
from transcriber.worker.engines.protocol import RecognitionOptions, RecognizedWord
from transcriber.worker.live.streams import LiveStreams
from transcriber.worker.recognizer import Recognizer


@pytest.fixture
def engine() -> LiveFake:
    return LiveFake()


@pytest.fixture
async def streams(engine: LiveFake) -> AsyncIterator[LiveStreams]:
    inference = Inference("test")
    lane = inference.lane("live", at_once=1, most=4)
    yield LiveStreams(Recognizer(engine, 5), lane, limit=2, threads=1)
    inference.close()


def speech() -> Samples:
    """Return silence, a sentence, silence, and another sentence."""
    pause = np.zeros(24_000, np.float32)
    return np.concatenate([pause, voice(6.7, 7.1), pause, voice(8.0, 9.0), pause])


async def collect(streams: LiveStreams, asked: AsyncIterator[Request]) -> list[Response]:
    return [response async for response in streams.recognize(asked)]


async def test_utterances_become_final(streams: LiveStreams, engine: LiveFake) -> None:
    found = await collect(streams, requests(config(offset=duration(60)), pcm(speech())))
    assert finals(found)
    numbers = [one.segment for one in found if one.final]
    assert numbers == list(range(len(numbers)))
    assert any(one.speech_started for one in found)
    assert any(one.words and not one.final for one in found)
    first = next(one for one in found if one.final)
    assert 61.0 < seconds(first.words[0].word.start) < 62.5
    assert first.language == "en"
    covered = [seconds(one.processed_duration) for one in found]
    assert covered == sorted(covered)
    assert covered[-1] > 60 + len(speech()) / 16_000 - 2.0
    assert all(options.language == "en" for _, options in engine.heard)


async def test_recognized_sound_has_no_results(streams: LiveStreams) -> None:
    continued = config(offset=duration(60), recognized_duration=duration(62.5))
    found = await collect(streams, requests(continued, pcm(speech())))
    assert len(finals(found)) < len(
        finals(await collect(streams, requests(config(), pcm(speech()))))
    )
    first = next(one for one in found if one.final)
    assert 63.0 < seconds(first.words[0].word.start) < 64.0
    assert all(seconds(one.processed_duration) >= 62.5 for one in found)


async def test_drafts_are_left_out_unless_wanted(streams: LiveStreams) -> None:
    asked = requests(config(interim_results=False), pcm(speech()))
    found = await collect(streams, asked)
    assert finals(found)
    assert not any(one.words and not one.final for one in found)


async def test_the_language_is_detected(streams: LiveStreams) -> None:
    asked = requests(config(config=speech_pb2.RecognitionConfig()), pcm(speech()))
    found = await collect(streams, asked)
    assert {one.language for one in found if one.final} == {"de"}


async def test_two_channels_are_two_parties(streams: LiveStreams) -> None:
    sound = speech()
    stereo = np.stack([sound, np.zeros_like(sound)], axis=1)
    asked = requests(config(channels=2, separate_channels=True), pcm(stereo))
    found = await collect(streams, asked)
    assert finals(found, 0)
    assert not finals(found, 1)
    swapped = requests(config(channels=2, separate_channels=True), pcm(stereo[:, ::-1]))
    assert finals(await collect(streams, swapped), 1)
    mixed = await collect(streams, requests(config(channels=2), pcm(stereo)))
    assert finals(mixed)


async def test_the_sound_of_final_segments_follows_them(streams: LiveStreams) -> None:
    found = await collect(streams, requests(config(enable_speakers=True), pcm(speech())))
    sounds = [one for one in found if one.HasField("sound")]
    numbers = [segment for one in sounds for segment in one.sound.segments]
    assert numbers == [one.segment for one in found if one.final]
    texts = {one.segment: (place, one) for place, one in enumerate(found) if one.final}
    for one in sounds:
        place, text = texts[one.sound.segments[-1]]
        assert found.index(one) > place
        assert one.segment == one.sound.segments[-1]
        assert not one.words
        _, first = texts[one.sound.segments[0]]
        spoken = seconds(text.words[-1].word.end) - seconds(first.words[0].word.start)
        assert 0 < len(one.sound.samples) <= 32_000 * (spoken + 0.01)
    # The second sentence does not continue the first one.
    assert not any(one.sound.continues for one in sounds)
    assert not any(
        one.HasField("sound") for one in await collect(streams, requests(config(), pcm(speech())))
    )


@dataclass
class PhraseFake(LiveFake):
    """Hears each word as the first phrase, if it is told any."""

    lengths: list[int] = field(default_factory=list)

    def with_phrases(
        self, samples: Samples, words: Sequence[RecognizedWord], options: RecognitionOptions
    ) -> tuple[RecognizedWord, ...]:
        self.lengths.append(len(samples))
        assert all(-0.01 < word.start < word.end < len(samples) / 16_000 for word in words)
        return tuple(replace(word, text=options.phrases[0]) for word in words)


async def test_final_words_are_heard_once_more_with_phrases() -> None:
    inference = Inference("test")
    engine = PhraseFake()
    lane = inference.lane("live", at_once=1, most=4)
    streams = LiveStreams(Recognizer(engine, 5), lane, limit=2, threads=1)
    told = speech_pb2.RecognitionConfig(language="en", phrases=["Velotraxin"])
    found = await collect(streams, requests(config(config=told), pcm(speech())))
    plain = await collect(streams, requests(config(), pcm(speech())))
    inference.close()
    assert set(" ".join(finals(found)).split()) == {"Velotraxin"}
    assert {word.word.text for one in found if not one.final for word in one.words} == {"word"}
    assert len(engine.lengths) == len(finals(found))
    times = [[word.word.start for word in one.words] for one in found if one.final]
    assert times == [[word.word.start for word in one.words] for one in plain if one.final]


async def test_silence_has_no_words(streams: LiveStreams, engine: LiveFake) -> None:
    found = await collect(streams, requests(config(), bytes(32_000 * 30)))
    assert not any(one.words for one in found)
    assert not engine.heard
    assert seconds(found[-1].processed_duration) > 25.0


async def test_a_stream_too_many_is_refused(streams: LiveStreams, engine: LiveFake) -> None:
    end = asyncio.Event()
    tasks = [
        asyncio.create_task(collect(streams, requests(config(), pcm(speech()), wait=end)))
        for _ in range(2)
    ]
    assert await asyncio.to_thread(engine.asked.wait, 30)
    while streams._load.streams < 2:  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(0.01)
    with pytest.raises(ResourceExhaustedError, match="LIVE_SESSIONS"):
        await collect(streams, requests(config(), b""))
    end.set()
    for task in tasks:
        assert finals(await task)
    # There are places again.
    assert await collect(streams, requests(config(), b"")) == []


async def test_a_stream_gives_its_place_back_when_the_client_leaves(
    streams: LiveStreams, engine: LiveFake
) -> None:
    for _ in range(5):
        asked = requests(config(), pcm(speech()), wait=asyncio.Event())
        async with contextlib.aclosing(streams.recognize(asked)) as found:
            async for response in found:
                if response.final:
                    break
    assert finals(await collect(streams, requests(config(), pcm(speech()))))


async def test_shutting_down_ends_streams_after_their_utterance(
    streams: LiveStreams, engine: LiveFake
) -> None:
    supervisor = Supervisor()
    draining = asyncio.create_task(streams.drain(supervisor))
    engine.gate.clear()
    found: list[Response] = []

    async def stream() -> None:
        sound = pcm(speech())[: 2 * (24_000 + 6_400 + 12_000)]
        asked = requests(config(), sound, wait=asyncio.Event())
        async for response in streams.recognize(asked):
            found.append(response)  # noqa: PERF401 - kept when the stream fails

    running = asyncio.create_task(stream())
    assert await asyncio.to_thread(engine.asked.wait, 30)
    supervisor.stop()
    await draining
    engine.gate.set()
    with pytest.raises(UnavailableError, match="another one"):
        await running
    assert finals(found)
    with pytest.raises(UnavailableError):
        await collect(streams, requests(config(), b""))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"encoding": speech_pb2.AUDIO_ENCODING_UNSPECIFIED}, "encoding"),
        ({"sample_rate_hertz": 0}, "sample_rate_hertz"),
        ({"sample_rate_hertz": 96_000}, "sample_rate_hertz"),
        ({"channels": 3}, "channels"),
        ({"offset": duration(-1)}, "offset"),
        ({"recognized_duration": duration(90_000)}, "recognized_duration"),
        ({"config": speech_pb2.RecognitionConfig(language="fr")}, "language"),
    ],
)
async def test_invalid_options_are_refused(
    streams: LiveStreams, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await collect(streams, requests(config(**fields), b""))
    assert caught.value.details == {"field": field}


@pytest.mark.parametrize(
    "asked",
    [
        [],
        [Request(audio=b"xx")],
        [config(), config()],
        [config(), Request(audio=bytes(1024 * 1024 + 2))],
        [config(encoding=speech_pb2.AUDIO_ENCODING_WEBM_OPUS), Request(audio=b"no" * 50_000)],
    ],
)
async def test_invalid_requests_are_refused(streams: LiveStreams, asked: list[Request]) -> None:
    async def sent() -> AsyncIterator[Request]:
        for request in asked:
            yield request

    with pytest.raises(ValidationError):
        await collect(streams, sent())


async def test_other_engines_do_not_recognize_live_speech() -> None:
    inference = Inference("test")
    streams = LiveStreams(Recognizer(FakeEngine(), 5), inference, limit=1, threads=1)
    with pytest.raises(UnimplementedError):
        await collect(streams, requests(config(), b""))
    inference.close()
