"""Direct calls of the recognizer, with an engine without a model."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from common.audio.resampling import Samples
from common.errors import (
    AudioProcessingError,
    ResourceExhaustedError,
    UnimplementedError,
    ValidationError,
)
from common.inference import Inference
from common.times import seconds
from securetranscribe.v1 import speech_pb2
from tests.unit.common.audio.sounds import float_wav, noise
from tests.unit.transcriber.worker.calls import stereo_call
from tests.unit.transcriber.worker.fakes import FakeEngine
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.servicer import SpeechServicer


@pytest.fixture
def inference() -> Iterator[Inference]:
    running = Inference("test")
    yield running
    running.close()


def servicer(inference: Inference) -> SpeechServicer:
    return SpeechServicer(Recognizer(FakeEngine(), 5), inference)


async def test_recording_is_recognized(inference: Inference) -> None:
    request = speech_pb2.RecognizeRequest(content=float_wav(noise(3.0, 16_000)))
    answer = await servicer(inference).Recognize(request, None)
    assert answer.recognition.segments[0].text == "hello there"


async def test_parties_on_two_channels_are_recognized_each_by_itself(
    inference: Inference,
) -> None:
    request = speech_pb2.RecognizeRequest(content=stereo_call())
    answer = await servicer(inference).Recognize(request, None)
    assert [item.signal_index for item in answer.recognition.segments] == [0, 1]


async def test_longer_recordings_are_refused_before_the_engine_works(
    inference: Inference,
) -> None:
    engine = FakeEngine()
    limited = SpeechServicer(Recognizer(engine, 5), inference, longest=25.0)
    longer = float_wav(noise(26.0, 16_000))
    with pytest.raises(ValidationError, match=r"at most 25s of sound\. Upload"):
        await limited.Recognize(speech_pb2.RecognizeRequest(content=longer), None)
    # Two parties of 20 seconds each.
    with pytest.raises(ValidationError, match="all 2 parties together"):
        await limited.Recognize(speech_pb2.RecognizeRequest(content=stereo_call()), None)
    assert not engine.seen
    request = speech_pb2.RecognizeRequest(content=float_wav(noise(25.0, 16_000)))
    assert (await limited.Recognize(request, None)).recognition.segments


async def test_unusable_content_is_refused(inference: Inference) -> None:
    with pytest.raises(AudioProcessingError):
        await servicer(inference).Recognize(
            speech_pb2.RecognizeRequest(content=b"no recording"), None
        )


async def test_empty_content_is_refused(inference: Inference) -> None:
    with pytest.raises(ValidationError) as caught:
        await servicer(inference).Recognize(speech_pb2.RecognizeRequest(), None)
    assert caught.value.details == {"field": "content"}


async def test_workers_without_live_recognition_refuse_it(inference: Inference) -> None:
    async def requests() -> object:
        yield speech_pb2.StreamingRecognizeRequest()

    with pytest.raises(UnimplementedError, match="live speech"):
        async for _ in servicer(inference).StreamingRecognize(requests(), None):  # type: ignore[arg-type]
            pass


async def test_calls_beyond_the_limit_of_waiting_ones_are_refused(inference: Inference) -> None:
    inference._waiting = 8
    with pytest.raises(ResourceExhaustedError, match="busy"):
        await servicer(inference).Recognize(speech_pb2.RecognizeRequest(content=b"x"), None)


class AligningEngine(FakeEngine):
    """Gives each word a second."""

    def align(
        self, samples: Samples, words: Sequence[str], language: str
    ) -> list[tuple[float, float]]:
        assert len(samples) == 3 * 16_000
        return [(float(place), place + 0.5) for place in range(len(words))]


async def test_words_are_aligned(inference: Inference) -> None:
    running = SpeechServicer(Recognizer(AligningEngine(), 5), inference)
    content = float_wav(noise(3.0, 16_000))
    request = speech_pb2.AlignWordsRequest(content=content, language="en", words=["one", " two"])
    answer = await running.AlignWords(request, None)
    assert [(seconds(one.start), seconds(one.end)) for one in answer.times] == [
        (0.0, 0.5),
        (1.0, 1.5),
    ]
    invalid: list[dict[str, Any]] = [
        {"content": b"", "language": "en", "words": ["one"]},
        {"content": content, "language": "en", "words": []},
        {"content": content, "language": "en", "words": ["one"] * 201},
        {"content": content, "language": "fr", "words": ["one"]},
    ]
    for fields in invalid:
        with pytest.raises(ValidationError):
            await running.AlignWords(speech_pb2.AlignWordsRequest(**fields), None)


async def test_engines_need_not_align_words(inference: Inference) -> None:
    request = speech_pb2.AlignWordsRequest(
        content=float_wav(noise(3.0, 16_000)), language="en", words=["one"]
    )
    with pytest.raises(UnimplementedError):
        await servicer(inference).AlignWords(request, None)
