"""Live sessions as captures and as transcriptions: their ends, and what others do to them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from common.errors import NotFoundError, ResourceExhaustedError, StateError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database, execute
from securetranscribe.v1 import (
    capture_pb2,
    imports_pb2,
    imports_pb2_grpc,
    library_pb2,
    library_pb2_grpc,
    live_pb2,
    speech_pb2,
    transcription_pb2,
    transcription_pb2_grpc,
)
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import until
from tests.integration.transcriber.live.fake_recognizer import (
    FakeRecognizer,
    RunningRecognizer,
    running,
    sound,
    words,
)
from tests.integration.transcriber.live.living import LiveClient, begin, resume, stream
from tests.live_recordings import chunks, tone, webm

_IDLE = "UPDATE captures SET idle_at = now() - interval '1 second'"
_TRASHED = "UPDATE transcriptions SET trashed_at = now() WHERE id = %s"
_COVERED = "UPDATE captures SET live_covered = 3.5 WHERE capture_id = %s"
_LEFT = """
SELECT (SELECT count(*) FROM transcriptions) + (SELECT count(*) FROM live_segments)
       + (SELECT count(*) FROM captures c WHERE c::text LIKE '%Secret%') AS number
"""
PENDING = transcription_pb2.TRANSCRIPTION_STATUS_PENDING
PROCESSING = transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING


@pytest.fixture(scope="module")
async def recognizer() -> AsyncIterator[RunningRecognizer]:
    async with running(FakeRecognizer()) as found:
        yield found


@pytest.fixture(scope="module")
async def api(apis: ApiFactory, recognizer: RunningRecognizer, emptied: None) -> AsyncIterator[Api]:
    async with apis.run(speech_grpc=recognizer.address) as started:
        yield started


async def spoken(live: LiveClient) -> int:
    """Say an utterance and return the number of the transcription."""
    await live.say(0, 4)
    await live.until(lambda: live.of("final") and live.next_chunk == 4)
    return live.begun.transcription_id


async def test_idle_session_is_finished_and_processed(api: Api, database: Database) -> None:
    async with stream(api, begin(auto_start=True)) as live:
        number = await spoken(live)
    await database.execute(_IDLE)

    done = await Captures.of(api).ended(live.capture_id)

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    assert done.transcription_id == number
    found = await api.caller().get(number, full=True)
    assert found.job_id == done.job_id != ""
    assert any("was not finished by the device" in warning for warning in found.warnings)
    # The live text is shown until the job has recognized as far.
    assert [one.text for one in found.partial_transcript.segments] == ["w0 w1 w2 w3"]
    assert found.partial_transcript.job_id == ""
    await api.caller().cancel(done.job_id)


async def test_client_leaves_after_its_last_message(
    api: Api, recognizer: RunningRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer.fake, "lingers", True)
    async with stream(api, begin()) as live:
        await spoken(live)
        await live.finish(4)

        async def lingering() -> bool:
            return recognizer.fake.lingering

        await until(lingering)
        assert not live.of("ended")

    done = await Captures.of(api).ended(live.capture_id)

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED


async def test_session_without_sound_fails(api: Api, database: Database) -> None:
    async with stream(api, begin()) as live:
        number = live.begun.transcription_id
    await database.execute(_IDLE)

    done = await Captures.of(api).ended(live.capture_id)

    assert done.state == capture_pb2.CAPTURE_STATE_REJECTED
    found = await api.caller().get(number)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_FAILED
    assert (found.failure.message, found.file.available) == ("No sound has arrived.", False)
    with pytest.raises(StateError):
        await api.caller().start(number)
    await api.caller().delete(number)


@pytest.mark.parametrize("by", ["transcription", "capture"])
async def test_deletion_discards_the_session(
    api: Api, database: Database, objects: ObjectStore, by: str
) -> None:
    captures = Captures.of(api)
    async with stream(api, begin(title="Secret", phrases=["Secret"])) as live:
        number = await spoken(live)
        if by == "transcription":
            await api.caller().delete(number)
        else:
            await captures.discard(live.capture_id)
        ended = await live.ended()
        assert ended.capture.state == capture_pb2.CAPTURE_STATE_DISCARDED
        assert not ended.transcription_id
    with pytest.raises(NotFoundError):
        await api.caller().get(number)
    async with stream(api, resume(live.capture_id)) as again:
        assert (await again.ended()).capture.state == capture_pb2.CAPTURE_STATE_DISCARDED
        assert again.words == []
        assert again.begun.capture.title == ""

    async def nothing_left() -> bool:
        row = await database.fetch_one(_LEFT)
        return not await objects.keys("audio") and row == {"number": 0}

    await until(nothing_left)


async def test_trash_ends_the_recording(api: Api) -> None:
    library = library_pb2_grpc.LibraryServiceStub(api.channel)
    caller = api.caller()
    async with stream(api, begin(auto_start=True)) as live:
        number = await spoken(live)
        request = library_pb2.TrashTranscriptionRequest(transcription_id=number)
        await unwrap(library.TrashTranscription(request, metadata=caller.metadata))
        await live.ended()
    done = await Captures.of(api).ended(live.capture_id)
    assert (done.state, done.job_id) == (capture_pb2.CAPTURE_STATE_COMPLETED, "")

    restore = library_pb2.RestoreTranscriptionRequest(transcription_id=number)
    await unwrap(library.RestoreTranscription(restore, metadata=caller.metadata))

    found = await caller.get(number)
    assert (found.status, list(found.warnings)) == (PENDING, [])
    assert found.file.duration.ToTimedelta().total_seconds() == pytest.approx(2.0, abs=0.01)


async def test_not_processed_from_the_trash(api: Api, database: Database) -> None:
    async with stream(api, begin(auto_start=True)) as live:
        number = await spoken(live)
    # It came into the trash while the recording was put together.
    async with database.transaction() as connection:
        await execute(connection, _TRASHED, (number,))
        await execute(connection, _IDLE)

    done = await Captures.of(api).ended(live.capture_id)

    assert (done.state, done.job_id) == (capture_pb2.CAPTURE_STATE_COMPLETED, "")


async def test_what_a_live_transcription_cannot(api: Api) -> None:
    caller, imports = api.caller(), imports_pb2_grpc.ImportServiceStub(api.channel)
    async with stream(api, begin()) as live:
        number = await spoken(live)
        with pytest.raises(StateError):
            await caller.start(number)
        for method, request in (
            (
                caller.transcriptions.StreamTranscript,
                transcription_pb2.StreamTranscriptRequest(transcription_id=number, for_export=True),
            ),
            (
                caller.transcriptions.DownloadRecording,
                transcription_pb2.DownloadRecordingRequest(transcription_id=number),
            ),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                async for _ in method(request, metadata=caller.metadata):
                    pass
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        subtitles = imports_pb2.ImportTranscriptRequest(
            transcription_id=number, content=b"1\n00:00:00,000 --> 00:00:01,000\nHello.\n"
        )
        with pytest.raises(StateError):
            await unwrap(imports.ImportTranscript(subtitles, metadata=caller.metadata))
        assert (await caller.get(number)).status == PROCESSING


async def test_watchers_get_the_text(api: Api) -> None:
    stub = transcription_pb2_grpc.TranscriptionServiceStub(api.channel)
    async with stream(api, begin()) as live:
        number = await spoken(live)
        request = transcription_pb2.WatchTranscriptionRequest(transcription_id=number)
        watch = stub.WatchTranscription(request, metadata=api.caller().metadata)
        first: Any = await watch.read()
        await live.say(4, 8)
        async with asyncio.timeout(20):
            second: Any = await watch.read()
        watch.cancel()
    texts = [
        [segment.text for segment in one.partial_transcript.segments] for one in (first, second)
    ]
    assert texts == [["w0 w1 w2 w3"], ["w4 w5 w6 w7"]]


async def test_status_is_never_unchanged(api: Api) -> None:
    caller = api.caller()
    async with stream(api, begin()) as live:
        number = await spoken(live)
        request = transcription_pb2.GetTranscriptionRequest(transcription_id=number)
        answer = await unwrap(
            caller.transcriptions.GetTranscription(request, metadata=caller.metadata)
        )
        assert answer.version == ""


async def test_chunks_over_rest_and_grpc(api: Api) -> None:
    captures = Captures.of(api)
    async with stream(api, begin()) as live:
        assert (await captures.get(live.capture_id)).live
        for number in range(4):
            await captures.put(live.capture_id, number, sound(number, number + 1))
        await live.until(lambda: live.of("final"))
        assert live.words == words(0, 4)
        await captures.finish(live.capture_id, 4)
        ended = await live.ended()
    assert ended.transcription_id == live.begun.transcription_id


async def test_text_after_the_end_is_no_trouble(
    api: Api, recognizer: RunningRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    monkeypatch.setattr(recognizer.fake, "gate", gate)
    captures = Captures.of(api)
    async with stream(api, begin()) as live:
        await live.say(0, 4)
        # A draft takes the place of an earlier one that has not been sent yet.
        await live.until(
            lambda: (
                [len(one.words) for one in live.of("draft")][-1:] == [3] and live.next_chunk == 4
            )
        )
        await captures.finish(live.capture_id, 4)
        gate.set()
        await live.ended()
        assert not live.of("final")
        assert not live.of("notice")


async def test_repeated_request_id_resumes(api: Api) -> None:
    async with stream(api, begin(request_id="once")) as live:
        await spoken(live)
    async with stream(api, begin(request_id="once")) as again:
        await again.until(lambda: again.of("final"))
        assert again.capture_id == live.capture_id
        assert again.begun.capture.next_chunk == 4
        assert again.words == words(0, 4)


async def test_title_given_meanwhile_stays(api: Api) -> None:
    library = library_pb2_grpc.LibraryServiceStub(api.channel)
    async with stream(api, begin(title="Draft")) as live:
        number = await spoken(live)
        request = library_pb2.UpdateTranscriptionRequest(transcription_id=number, title="Council")
        await unwrap(library.UpdateTranscription(request, metadata=api.caller().metadata))
        await live.finish(4)
        await live.ended()
    assert (await api.caller().get(number)).title == "Council"


async def test_storage_quota(apis: ApiFactory, recognizer: RunningRecognizer) -> None:
    room = len(sound(0, 2)) + 100
    async with apis.run(speech_grpc=recognizer.address, max_stored_bytes=room) as small:
        async with stream(small, begin()) as live:
            await live.say(0, 2)
            await live.until(lambda: live.next_chunk == 2)
            await live.say(2, 3)
            assert isinstance(await live.failed(), ResourceExhaustedError)
        async with stream(small, resume(live.capture_id)) as again:
            kept = again.begun.capture.next_chunk
            assert kept == 2
            await again.finish(kept)
            await again.ended()


async def recorded(recognizer: RunningRecognizer, size: int) -> bytes:
    """Wait until a recognizer has got some bytes, and return all of them."""

    async def complete() -> bool:
        return sum(map(len, recognizer.fake.heard)) >= size

    await until(complete)
    return b"".join(recognizer.fake.heard)


async def test_container_is_sent_again_from_the_current_stream(
    api: Api, recognizer: RunningRecognizer, database: Database
) -> None:
    first, second = chunks(webm(tone(3.0, 400)), 8_000), chunks(webm(tone(2.0, 800)), 8_000)
    recognizer.fake.configs.clear()
    recognizer.fake.heard.clear()
    opus = begin(encoding=speech_pb2.AUDIO_ENCODING_WEBM_OPUS, sample_rate_hertz=0)
    async with stream(api, opus) as live:
        for number, data in enumerate((*first, *second)):
            await live.chunk(number, data, starts_stream=number == len(first))
        total = len(first) + len(second)
        await live.until(lambda: live.next_chunk == total)
        before = await recorded(recognizer, sum(map(len, (*first, *second))))
    # The fake does not understand Opus.
    await database.execute(_COVERED, (live.capture_id,))
    recognizer.fake.heard.clear()
    async with stream(api, resume(live.capture_id)) as again:
        await recorded(recognizer, sum(map(len, second)))
        config = recognizer.fake.configs[-1]
        assert config.offset.ToTimedelta().total_seconds() == pytest.approx(3.0, abs=0.05)
        assert config.recognized_duration.ToTimedelta().total_seconds() == 3.5
        assert b"".join(recognizer.fake.heard) == b"".join(second)
        await again.finish(total)
        await again.ended()
    assert before == b"".join((*first, *second))


async def test_paused_stream_is_sent_again_once_it_goes_on(
    api: Api, recognizer: RunningRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = asyncio.Event()
    monkeypatch.setattr(recognizer.fake, "impatient", impatient)
    data = chunks(webm(tone(3.0, 400)), 8_000)
    recognizer.fake.configs.clear()
    recognizer.fake.heard.clear()
    opus = begin(encoding=speech_pb2.AUDIO_ENCODING_WEBM_OPUS, sample_rate_hertz=0)
    async with stream(api, opus) as live:
        for number, piece in enumerate(data[:-1]):
            await live.chunk(number, piece)
        await recorded(recognizer, sum(map(len, data[:-1])))
        impatient.set()

        async def ended() -> bool:
            return not recognizer.fake.open

        await until(ended)
        await asyncio.sleep(1.0)
        assert len(recognizer.fake.configs) == 1
        assert not live.of("notice")

        impatient.clear()
        recognizer.fake.heard.clear()
        await live.chunk(len(data) - 1, data[-1])
        assert await recorded(recognizer, sum(map(len, data))) == b"".join(data)


async def test_live_text_goes_on_behind_sound_that_cannot_be_decoded(
    api: Api, recognizer: RunningRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = chunks(webm(tone(2.0, 400)), 8_000)
    monkeypatch.setattr(recognizer.fake, "undecodable", broken[0][:4])
    opus = begin(encoding=speech_pb2.AUDIO_ENCODING_WEBM_OPUS, sample_rate_hertz=0)
    async with stream(api, opus) as live:
        for number, data in enumerate(broken):
            await live.chunk(number, data)
        notices = await live.until(lambda: live.of("notice"))
        assert notices[0].code == live_pb2.LIVE_NOTICE_CODE_NOT_RECOGNIZABLE
        assert "start it again" in notices[0].message
        for number in range(4):
            data = sound(number, number + 1)
            await live.chunk(len(broken) + number, data, starts_stream=number == 0)
        await live.until(lambda: live.of("final"))
        assert live.words == words(0, 4)
        start = live.of("final")[0].words[0].start.ToTimedelta().total_seconds()
        assert start == pytest.approx(2.0, abs=0.05)


async def test_samples_without_their_first_chunk(api: Api, objects: ObjectStore) -> None:
    async with stream(api, begin()) as live:
        for number in (1, 2):
            await live.chunk(number, sound(number, number + 1))
        await live.until(
            lambda: [list(one.missing) for one in live.of("acknowledged")][-1:] == [[0]]
        )
        await live.finish(3, allow_gaps=True)
        ended = await live.ended()
    done = await Captures.of(api).ended(live.capture_id)
    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    number = ended.transcription_id
    found = await api.caller().get(number)
    assert found.file.duration.ToTimedelta().total_seconds() == pytest.approx(1.0, abs=0.01)
    assert "1 of 3 pieces of the recording are missing." in found.warnings
    assert (await objects.get("audio", f"{number}/source"))[44:] == sound(1, 3)
