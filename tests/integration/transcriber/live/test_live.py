"""Live sessions at an api with a recognizer that reads its words from the samples."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from common.errors import (
    AuthenticationError,
    AuthorizationError,
    LockedError,
    NotFoundError,
    StateError,
    ValidationError,
)
from common.objects import ObjectStore
from securetranscribe.v1 import capture_pb2, live_pb2, speech_pb2, transcription_pb2
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import Peers
from tests.integration.transcriber.live.fake_recognizer import (
    FakeRecognizer,
    RunningRecognizer,
    running,
    sound,
    words,
)
from tests.integration.transcriber.live.living import begin, resume, stream


@pytest.fixture
async def recognizer() -> AsyncIterator[RunningRecognizer]:
    async with running(FakeRecognizer()) as found:
        yield found


@pytest.fixture
async def api(apis: ApiFactory, recognizer: RunningRecognizer) -> AsyncIterator[Api]:
    async with apis.run(speech_grpc=recognizer.address) as started:
        yield started


async def test_whole_session(api: Api, recognizer: RunningRecognizer, objects: ObjectStore) -> None:
    async with stream(api, begin(title="Weekly meeting")) as live:
        number = live.begun.transcription_id
        found = await api.caller().get(number)
        assert (found.title, found.current_step) == ("Weekly meeting", "Live")
        assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING

        for count in (1, 2, 3):
            # A draft takes the place of an earlier one that has not been sent yet.
            await live.say(count - 1, count)
            await live.until(lambda count=count: len(live.of("draft")) == count)  # type: ignore[misc]
        assert [len(draft.words) for draft in live.of("draft")] == [1, 2, 3]
        await live.say(3, 10)
        await live.until(lambda: len(live.of("final")) == 2 and live.next_chunk == 10)
        await live.until(lambda: live.of("lag"))
        await live.finish(10)
        ended = await live.ended()

        assert live.words == words(0, 10)
        assert [final.sequence for final in live.of("final")] == [1, 2, 3]
        assert [final.segment for final in live.of("final")] == [0, 1, 2]
        assert ended.capture.state == capture_pb2.CAPTURE_STATE_COMPLETED
        assert ended.transcription_id == ended.capture.transcription_id == number
    assert recognizer.fake.finished == 1
    found = await api.caller().get(number, full=True)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_PENDING
    assert found.file.duration.ToTimedelta().total_seconds() == pytest.approx(5.0, abs=0.01)
    assert (found.file.filename, list(found.warnings)) == ("Weekly meeting.wav", [])
    stored = await objects.get("audio", f"{number}/source")
    assert stored[44:] == sound(0, 10)


async def test_text_is_shown_with_the_transcription(api: Api) -> None:
    async with stream(api, begin()) as live:
        await live.say(0, 8)
        await live.until(lambda: len(live.of("final")) == 2)

        found = await api.caller().get(live.begun.transcription_id, full=True)

    shown = found.partial_transcript
    assert [segment.text for segment in shown.segments] == ["w0 w1 w2 w3", "w4 w5 w6 w7"]
    assert shown.covered.ToTimedelta().total_seconds() == pytest.approx(3.9)


async def test_resumed_elsewhere_without_losses_or_repetitions(
    apis: ApiFactory, recognizer: RunningRecognizer
) -> None:
    async with apis.run(speech_grpc=recognizer.address) as first, stream(first, begin()) as live:
        await live.say(0, 10)
        await live.until(lambda: len(live.of("final")) == 2 and live.next_chunk == 10)
        capture_id, heard, after = live.capture_id, live.words, live.last_sequence
    async with (
        apis.run(speech_grpc=recognizer.address) as second,
        stream(second, resume(capture_id, after)) as live,
    ):
        assert live.begun.capture.next_chunk == 10
        await live.say(10, 14)
        await live.finish(14)
        await live.ended()
        assert heard + live.words == words(0, 14)
        assert live.of("final")[0].sequence == after + 1
    async with apis.run() as third, stream(third, resume(capture_id)) as replayed:
        await replayed.ended()
        assert replayed.words == words(0, 14)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
async def test_worker_dies_after_each_utterance(
    api: Api, recognizer: RunningRecognizer, code: grpc.StatusCode
) -> None:
    recognizer.fake.dies = code
    async with stream(api, begin()) as live:
        await live.say(0, 8)
        await live.until(lambda: len(live.of("final")) == 2)
        recognizer.fake.dies = None
        await live.say(8, 15)
        await live.until(lambda: len(live.of("final")) == 3)
        await live.finish(15)
        await live.ended()

        assert live.words == words(0, 15)
        assert [final.segment for final in live.of("final")] == [0, 1, 2, 3]
        notices = {notice.code for notice in live.of("notice")}
        assert live_pb2.LIVE_NOTICE_CODE_RECOGNIZING in notices
    offsets = [config.offset.ToTimedelta().total_seconds() for config in recognizer.fake.configs]
    assert offsets[:3] == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("code", "notice"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, live_pb2.LIVE_NOTICE_CODE_RECOGNIZERS_BUSY),
        (grpc.StatusCode.UNAVAILABLE, live_pb2.LIVE_NOTICE_CODE_NO_RECOGNIZER),
        (grpc.StatusCode.UNIMPLEMENTED, live_pb2.LIVE_NOTICE_CODE_NOT_RECOGNIZABLE),
    ],
)
async def test_recording_goes_on_without_a_recognizer(
    api: Api, recognizer: RunningRecognizer, code: grpc.StatusCode, notice: int
) -> None:
    recognizer.fake.refuses = code
    async with stream(api, begin()) as live:
        await live.say(0, 4)
        await live.until(lambda: live.of("notice") and live.next_chunk == 4)
        assert [one.code for one in live.of("notice")] == [notice]
        recognizer.fake.refuses = None
        await live.until(lambda: live.of("final"))
        assert live.words == words(0, 4)


async def test_no_text_at_all(api: Api, recognizer: RunningRecognizer) -> None:
    recognizer.fake.refuses = grpc.StatusCode.RESOURCE_EXHAUSTED
    async with stream(api, begin()) as live:
        await live.say(0, 4)
        await live.finish(4)
        ended = await live.ended()
        assert ended.capture.state == capture_pb2.CAPTURE_STATE_COMPLETED
        assert live.words == []


async def test_newer_connection_wins(api: Api) -> None:
    async with stream(api, begin()) as older:
        await older.say(0, 4)
        await older.until(lambda: older.of("final"))
        async with stream(api, resume(older.capture_id)) as newer:
            assert isinstance(await older.failed(), LockedError)
            # The end of the older one may come before the text that the newer one lacks.
            await newer.until(lambda: newer.of("final"))
            assert newer.words == words(0, 4)
            await newer.say(4, 8)
            await newer.until(lambda: len(newer.of("final")) == 2)
            assert newer.words == words(0, 8)


async def test_missing_chunks_are_told(api: Api) -> None:
    async with stream(api, begin()) as live:
        await live.chunk(0, sound(0, 1))
        await live.chunk(2, sound(2, 3))
        await live.finish(4)
        await live.until(lambda: live.of("notice"))
        assert live.of("notice")[0].code == live_pb2.LIVE_NOTICE_CODE_CHUNKS_MISSING
        told = live.of("acknowledged")[-1]
        assert (told.next_chunk, list(told.missing)) == (1, [1, 3])
        await live.chunk(3, sound(3, 4))
        await live.chunk(1, sound(1, 2))
        await live.finish(4)
        await live.ended()
        assert live.words == words(0, 4)


async def test_labels_come_later_and_are_replayed(api: Api, recognizer: RunningRecognizer) -> None:
    recognizer.fake.labels = True
    async with stream(api, begin()) as live:
        await live.say(0, 12)
        await live.until(lambda: len(live.of("speaker")) == 2)
        speakers = [(one.segment, one.speaker_label) for one in live.of("speaker")]
        assert speakers == [(0, "Speaker_1"), (1, "Speaker_2")]
        sequences = [one.sequence for one in (*live.of("final"), *live.of("speaker"))]
        assert sorted(sequences) == [1, 2, 3, 4, 5]
        seen = live.of("final")[1].sequence
    async with stream(api, resume(live.capture_id, seen)) as again:
        await again.until(lambda: len(again.of("speaker")) == 2)
        assert [one.segment for one in again.of("speaker")] == [0, 1]
        assert [one.segment for one in again.of("final")] == [2]


async def test_two_channels_are_two_parties(api: Api, recognizer: RunningRecognizer) -> None:
    mixed = transcription_pb2.CHANNEL_MODE_MIX
    for first in (begin(channels=2), begin(channels=2, config_channels=mixed)):
        async with stream(api, first) as live:
            await live.say(0, 4)
            await live.until(lambda live=live: live.of("final"))  # type: ignore[misc]
            assert live.of("final")[0].channel == (1 if first.begin.config.channels == 0 else 0)
    assert [config.separate_channels for config in recognizer.fake.configs] == [True, False]
    assert {config.channels for config in recognizer.fake.configs} == {2}


async def test_refusals(api: Api) -> None:
    captures = Captures.of(api)
    plain = await captures.create()
    for first, kind in (
        (begin(sample_rate_hertz=4_000), ValidationError),
        (begin(channels=3), ValidationError),
        (begin(encoding=speech_pb2.AUDIO_ENCODING_UNSPECIFIED), ValidationError),
        (resume("x" * 32), NotFoundError),
        (resume(plain.capture_id), StateError),
        (resume(plain.capture_id, -1), ValidationError),
    ):
        async with stream(api, first) as live:
            assert isinstance(live.failure, kind)
    async with stream(api, begin()) as live:
        await live.chunk(0, b"odd")
        assert isinstance(await live.failed(), ValidationError)


async def test_sessions_of_others(api: Api) -> None:
    async with stream(api, begin()) as live, stream(api, resume(live.capture_id), "b") as stranger:
        assert isinstance(stranger.failure, NotFoundError)


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        ("none", AuthenticationError),
        ("token-m;user=ann;role=viewer", AuthorizationError),
        ("token-m@other;user=ann;role=editor", AuthorizationError),
    ],
)
async def test_stream_ends_with_the_rights_of_its_caller(
    api: Api, peers: Peers, monkeypatch: pytest.MonkeyPatch, now: str, kind: type[Exception]
) -> None:
    monkeypatch.setattr("transcriber.api.live_servicer._CHECKED_SECONDS", 0.2)
    member = "m;user=ann;role=editor"
    async with stream(api, begin(), member) as live:
        await asyncio.sleep(0.5)
        assert live.failure is None
        monkeypatch.setitem(peers.sessions.changed, f"token-{member}", now)
        assert isinstance(await live.failed(), kind)


async def test_session_of_another_workspace_is_named_to_its_recorder(api: Api) -> None:
    async with stream(api, begin()) as live:
        capture_id = live.capture_id
    async with stream(api, resume(capture_id), "a@other") as elsewhere:
        error = await elsewhere.failed()
        assert isinstance(error, NotFoundError)
        assert error.details == {"workspace_id": "session_a"}
    async with stream(api, resume(capture_id), "b") as stranger:
        error = await stranger.failed()
        assert isinstance(error, NotFoundError)
        assert error.details == {}
