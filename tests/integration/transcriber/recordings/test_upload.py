"""Uploads: accepted recordings, and rejected ones that leave nothing behind."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import av
import grpc.aio
import numpy as np
import pytest

from common.errors import (
    ApplicationError,
    AudioProcessingError,
    AuthenticationError,
    FileTooLargeError,
    FileUploadError,
    ResourceExhaustedError,
    UnavailableError,
    ValidationError,
)
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import session_pb2, transcription_pb2
from tests.clocks import Clocks
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import Peers, chunked, until, wav
from transcriber.recordings.acceptance import Acceptance
from transcriber.recordings.cleanup import STALE_SECONDS, StaleUploadStep

_STALE = """
INSERT INTO uploads (transcription_id, session_id, source_key, auto_start, touched_at)
VALUES (77, 's', '77/source', true, now() - interval '2 hours')
"""
_ROWS = """
SELECT (SELECT count(*) FROM uploads) AS uploads,
       (SELECT count(*) FROM transcriptions) AS transcriptions,
       (SELECT count(*) FROM jobs) AS jobs
"""


async def nothing_left(database: Database, objects: ObjectStore) -> bool:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return row == {"uploads": 0, "transcriptions": 0, "jobs": 0} and not await objects.keys("audio")


def video_without_sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("filename", "data", "error"),
    [
        ("empty.wav", b"", FileUploadError),
        ("notes.mp3", b"These are only words.\n" * 400, FileUploadError),
        ("short.mp3", b"abc", FileUploadError),
        ("program.exe", wav(1.0), FileUploadError),
        ("half.wav", wav(60.0)[: len(wav(60.0)) // 2], AudioProcessingError),
        ("film.mp4", video_without_sound(), AudioProcessingError),
        ("noise.flac", b"fLaC" + bytes(range(256)) * 40, AudioProcessingError),
    ],
)
async def test_unusable_file_is_rejected(
    caller: Caller,
    database: Database,
    objects: ObjectStore,
    filename: str,
    data: bytes,
    error: type[ApplicationError],
) -> None:
    with pytest.raises(error) as caught:
        await caller.upload(data, filename=filename, auto_start=True)
    assert type(caught.value) is error
    assert caught.value.message
    assert await nothing_left(database, objects)


@pytest.mark.parametrize(
    ("filename", "format_"),
    [("talk.wav", "wav"), ("TALK.WAVE", "wave"), ("really-a-wav.mp3", "wav"), ("talk", "wav")],
)
async def test_content_decides_the_format(caller: Caller, filename: str, format_: str) -> None:
    answer = await caller.upload(filename=filename)
    assert answer.transcription.file.filename == filename
    assert answer.transcription.file.format == format_


async def test_oversized_file_is_rejected_while_it_arrives(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield wav(1.0)
        while True:
            taken += 1
            yield bytes(1024 * 1024)

    async with apis.run(max_file_size="20MB") as api:
        caller = api.caller()
        with pytest.raises(FileTooLargeError) as caught:
            await caller.upload_chunks(endless(), filename="huge.wav")
        assert caught.value.message == "File too large"
        assert caught.value.details["max_size"] == "20MB"
        assert caught.value.details["file_name"] == "huge.wav"
        assert caught.value.details["provided_size"].endswith("MB")
        assert taken < 40
        with pytest.raises(FileTooLargeError) as caught:
            await caller.upload(filename="huge.wav", size_bytes=750 * 1024 * 1024)
        assert caught.value.details["provided_size"] == "750MB"
        assert await nothing_left(database, objects)


async def test_cancelled_upload_leaves_nothing(
    caller: Caller, database: Database, objects: ObjectStore
) -> None:
    sent = asyncio.Event()

    async def requests() -> AsyncIterator[transcription_pb2.UploadTranscriptionRequest]:
        yield transcription_pb2.UploadTranscriptionRequest(
            config=transcription_pb2.UploadConfig(filename="a.wav", language="en", auto_start=True)
        )
        for chunk in chunked(wav(30.0)):
            yield transcription_pb2.UploadTranscriptionRequest(chunk=chunk)
        sent.set()
        await asyncio.sleep(60)

    call = caller.transcriptions.UploadTranscription(requests(), metadata=caller.metadata)
    await asyncio.wait_for(sent.wait(), 20)

    async def begun() -> Any:
        return await database.fetch_one("SELECT 1 AS one FROM uploads")

    await until(begun)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    async def tidy() -> bool:
        return await nothing_left(database, objects)

    await until(tidy)


async def test_idle_upload_times_out(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    async def requests() -> AsyncIterator[transcription_pb2.UploadTranscriptionRequest]:
        yield transcription_pb2.UploadTranscriptionRequest(
            config=transcription_pb2.UploadConfig(filename="a.wav", language="en", auto_start=False)
        )
        yield transcription_pb2.UploadTranscriptionRequest(chunk=wav(1.0))
        await asyncio.sleep(60)

    async with apis.run(upload_idle_seconds=0.3) as api:
        caller = api.caller()
        call = caller.transcriptions.UploadTranscription(requests(), metadata=caller.metadata)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(call, 30)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert await nothing_left(database, objects)


async def test_upload_of_dead_process_is_removed(
    caller: Caller, database: Database, objects: ObjectStore
) -> None:
    kept = await caller.upload_id()
    await database.execute(
        "INSERT INTO uploads (transcription_id, session_id, source_key, auto_start, touched_at) "
        "VALUES (77, 's', '77/source', true, now() - interval '2 hours'), "
        "(78, 's', '78/source', true, now())"
    )
    for key in ("77/source", "78/source"):
        await objects.put("audio", key, b"bytes")
    await StaleUploadStep(database, objects, bucket="audio").step()
    assert sorted(await objects.keys("audio")) == [f"{kept}/source", "78/source"]
    rows = await database.fetch_all("SELECT transcription_id FROM uploads")
    assert [row["transcription_id"] for row in rows] == [78]


async def test_no_upload_is_interrupted_because_the_computer_slept(
    database: Database, objects: ObjectStore
) -> None:
    clocks = Clocks()
    step = StaleUploadStep(database, objects, bucket="audio", clock=clocks.watch)
    await step.step()
    await database.execute(_STALE)
    clocks.jump(7200.0)
    await step.step()
    assert await database.fetch_one("SELECT transcription_id FROM uploads") is not None
    clocks.go_on(STALE_SECONDS)
    await step.step()
    assert await database.fetch_one("SELECT transcription_id FROM uploads") is None


async def test_parts_of_unfinished_upload_are_removed(objects: ObjectStore) -> None:
    client = objects._client
    for key in ("9/source", "9/source", "91/source"):
        await asyncio.to_thread(client._create_multipart_upload, "audio", key, {})
    assert await objects.abort_uploads("audio", "9/source") == 2
    assert await objects.abort_uploads("audio", "9/source") == 0
    assert await objects.abort_uploads("audio", "91/source") == 1


async def test_repeated_request_is_stored_once(
    caller: Caller, database: Database, objects: ObjectStore
) -> None:
    first = await caller.upload(request_id="one", auto_start=True)
    again = await caller.upload(request_id="one", auto_start=True)
    assert again.transcription.transcription_id == first.transcription.transcription_id
    assert again.job.job_id == first.job.job_id
    assert len(await objects.keys("audio")) == 1


async def test_concurrent_repeated_requests_are_stored_once(
    caller: Caller, database: Database, objects: ObjectStore
) -> None:
    answers = await asyncio.gather(
        *(caller.upload(request_id="one", auto_start=True) for _ in range(4))
    )
    assert len({answer.transcription.transcription_id for answer in answers}) == 1
    assert len({answer.job.job_id for answer in answers}) == 1
    assert len(await objects.keys("audio")) == 1
    row = await database.fetch_one(_ROWS)
    assert row == {"uploads": 0, "transcriptions": 1, "jobs": 1}


async def test_recording_is_kept_if_the_answer_of_its_commit_is_lost(
    caller: Caller,
    database: Database,
    objects: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accept = Acceptance.accept

    async def accept_and_fail(*arguments: Any) -> None:
        await accept(*arguments)
        raise UnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(Acceptance, "accept", accept_and_fail)
        with pytest.raises(UnavailableError):
            await caller.upload(request_id="one", auto_start=True)
    again = await caller.upload(request_id="one", auto_start=True)
    number = again.transcription.transcription_id
    assert await objects.keys("audio") == [f"{number}/source"]
    row = await database.fetch_one(_ROWS)
    assert row == {"uploads": 0, "transcriptions": 1, "jobs": 1}


async def test_request_ids_are_separate_per_session(api: Api) -> None:
    first = await api.caller("a").upload(request_id="one")
    second = await api.caller("b").upload(request_id="one")
    assert first.transcription.transcription_id != second.transcription.transcription_id


async def test_full_queue_rejects_uploads_with_auto_start(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    async with apis.run(queue_size=1) as api:
        caller = api.caller()
        await caller.upload(auto_start=True)
        with pytest.raises(ResourceExhaustedError) as caught:
            await caller.upload(auto_start=True)
        assert int(caught.value.details["retry_after_seconds"]) > 0
        assert "Try again in" in caught.value.message
        assert len(await objects.keys("audio")) == 1
        # An upload without auto start needs no place.
        await caller.upload(auto_start=False)


async def test_session_preferences_fill_missing_options(api: Api, peers: Peers) -> None:
    peers.sessions.preferences["token-p"] = session_pb2.SessionPreferences(
        default_language="de", auto_start_processing=False
    )
    caller = api.caller("p")
    silent = await caller.upload(language="", auto_start=None)
    assert silent.transcription.language_requested == "de"
    assert not silent.HasField("job")
    stated = await caller.upload(language="fr", auto_start=True)
    assert stated.transcription.language_requested == "fr"
    assert stated.HasField("job")
    usual = await api.caller("q").upload(language="", auto_start=None)
    assert usual.transcription.language_requested == ""
    assert usual.HasField("job")


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"language": "klingon"}, "language"),
        ({"priority": 11}, "priority"),
        ({"request_id": "x" * 200}, "request_id"),
        ({"phrases": ["x" * 1000]}, "phrases"),
        ({"size_bytes": -1}, "size_bytes"),
    ],
)
async def test_errors_name_invalid_fields(
    caller: Caller, config: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await caller.upload(**config)
    assert caught.value.details["field"] == field


async def test_first_request_must_describe_upload(caller: Caller) -> None:
    async def requests() -> AsyncIterator[transcription_pb2.UploadTranscriptionRequest]:
        yield transcription_pb2.UploadTranscriptionRequest(chunk=b"bytes")

    call = caller.transcriptions.UploadTranscription(requests(), metadata=caller.metadata)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_upload_requires_session(api: Api) -> None:
    caller = api.caller("a")
    stranger = type(caller)(
        transcriptions=caller.transcriptions,
        queue=caller.queue,
        metadata=(("authorization", "Bearer nonsense"),),
    )
    with pytest.raises(AuthenticationError):
        await stranger.upload()
