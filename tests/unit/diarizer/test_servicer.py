"""Direct calls of the diarizer, with an engine without models."""

from collections.abc import Iterator

import pytest

from common.errors import AudioProcessingError, ValidationError
from common.inference import Inference
from common.times import seconds
from diarizer.engines.protocol import DiarizationOptions
from diarizer.live_voices import LiveVoices
from diarizer.servicer import DiarizationServicer
from diarizer.signals import SignalDiarizer
from securetranscribe.v1 import diarization_pb2
from tests.unit.common.audio.sounds import float_wav, noise
from tests.unit.diarizer.fakes import FakeEngine
from tests.unit.transcriber.worker.calls import stereo_call

CLIP = float_wav(noise(3.0, 16_000))


@pytest.fixture
def inference() -> Iterator[Inference]:
    running = Inference("test")
    yield running
    running.close()


def servicer(engine: FakeEngine, inference: Inference) -> DiarizationServicer:
    return DiarizationServicer(
        SignalDiarizer(engine, DiarizationOptions()), inference, LiveVoices(engine, inference)
    )


async def test_diarize_passes_on_bytes_and_configuration(inference: Inference) -> None:
    engine = FakeEngine()
    request = diarization_pb2.DiarizeRequest(
        content=CLIP, config=diarization_pb2.DiarizationConfig(speaker_count=2)
    )
    answer = await servicer(engine, inference).Diarize(request, None)
    content, options = engine.seen[0]
    assert content == CLIP
    assert options.num_speakers == 2
    assert [turn.speaker_label for turn in answer.diarization.turns] == ["Speaker_1", "Speaker_2"]


async def test_parties_on_two_channels_are_diarized_each_by_itself(inference: Inference) -> None:
    engine = FakeEngine(channels={0: (6.0,), 1: (4.0,)})
    request = diarization_pb2.DiarizeRequest(content=stereo_call())
    answer = await servicer(engine, inference).Diarize(request, None)
    assert [item.signal_index for item in answer.diarization.speakers] == [0, 1]


async def test_empty_content_is_refused_before_the_engine_is_called(inference: Inference) -> None:
    engine = FakeEngine()
    with pytest.raises(ValidationError) as caught:
        await servicer(engine, inference).Diarize(diarization_pb2.DiarizeRequest(), None)
    assert caught.value.details == {"field": "content"}
    assert not engine.seen


@pytest.mark.parametrize("method", ["Diarize", "ExtractVoiceprint"])
async def test_longer_recordings_are_refused_before_the_engine_works(
    method: str, inference: Inference
) -> None:
    engine = FakeEngine()
    limited = DiarizationServicer(
        SignalDiarizer(engine, DiarizationOptions()),
        inference,
        LiveVoices(engine, inference),
        longest=2.0,
    )
    request = getattr(diarization_pb2, f"{method}Request")(content=CLIP)
    with pytest.raises(ValidationError, match="at most 2s of sound"):
        await getattr(limited, method)(request, None)
    assert not engine.seen


async def test_contradicting_speaker_counts_are_refused(inference: Inference) -> None:
    request = diarization_pb2.DiarizeRequest(
        content=CLIP, config=diarization_pb2.DiarizationConfig(speaker_count=-2)
    )
    with pytest.raises(ValidationError):
        await servicer(FakeEngine(), inference).Diarize(request, None)


async def test_voiceprint_is_that_of_the_main_speaker(inference: Inference) -> None:
    request = diarization_pb2.ExtractVoiceprintRequest(content=CLIP)
    answer = await servicer(FakeEngine(speech=(3.0, 20.0)), inference).ExtractVoiceprint(
        request, None
    )
    assert list(answer.voiceprint.values) == [0.0, 1.0, 0.0, 0.0]
    assert answer.speaker_count == 2
    assert seconds(answer.clean_turn.start) == pytest.approx(3.05)
    assert seconds(answer.clean_turn.end) == pytest.approx(11.05)


async def test_voice_that_is_never_alone_has_no_clean_turn(inference: Inference) -> None:
    request = diarization_pb2.ExtractVoiceprintRequest(content=CLIP)
    answer = await servicer(FakeEngine(speech=(0.2,)), inference).ExtractVoiceprint(request, None)
    assert answer.HasField("voiceprint")
    assert not answer.HasField("clean_turn")


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (FakeEngine(speech=()), "Nobody speaks"),
        (FakeEngine(speech=(0.4,), voiceless=frozenset({0})), "too little"),
    ],
)
async def test_clip_without_a_voice_is_refused(
    engine: FakeEngine, said: str, inference: Inference
) -> None:
    request = diarization_pb2.ExtractVoiceprintRequest(content=CLIP)
    with pytest.raises(AudioProcessingError, match=said):
        await servicer(engine, inference).ExtractVoiceprint(request, None)
