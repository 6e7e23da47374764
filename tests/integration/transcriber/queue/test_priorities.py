"""Priorities above the default are for administrators."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from common.client_stream import ClientStream
from common.errors import AuthorizationError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import (
    capture_pb2,
    capture_pb2_grpc,
    queue_pb2,
    reprocessing_pb2,
    reprocessing_pb2_grpc,
    transcription_pb2,
    upload_pb2,
    upload_pb2_grpc,
)
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import wav

_JOBS = "SELECT count(*) AS jobs FROM jobs"
_UPLOADS = (
    "SELECT (SELECT count(*) FROM uploads) + (SELECT count(*) FROM transcriptions) AS uploads"
)


async def _upload(caller: Caller, priority: int) -> None:
    await caller.upload(auto_start=True, priority=priority)


async def _start(caller: Caller, priority: int) -> None:
    await caller.start(await caller.upload_id(), priority=priority)


async def _update(caller: Caller, priority: int) -> None:
    job = await caller.start(await caller.upload_id())
    request = queue_pb2.UpdateJobPriorityRequest(job_id=job.job_id, priority=priority)
    call = caller.queue.UpdateJobPriority(request, metadata=caller.metadata)
    assert (await unwrap(call)).job.priority == priority


Door = Callable[[Caller, int], Awaitable[None]]
every_door = pytest.mark.parametrize("door", [_upload, _start, _update])


@every_door
async def test_high_priority_needs_the_token_of_an_administrator(api: Api, door: Door) -> None:
    for caller in (api.caller(), api.caller(admin_token="another token that is long enough")):
        for priority in (6, 10):
            with pytest.raises(AuthorizationError, match=r"priority above 5.*x-admin-token"):
                await door(caller, priority)
    await door(api.administrator(), 6)
    await door(api.administrator(), 10)


@every_door
async def test_usual_and_low_priority_are_free(api: Api, door: Door) -> None:
    await door(api.caller(), 1)
    await door(api.caller(), 5)


async def test_every_other_way_to_start_needs_it_too(api: Api) -> None:
    caller = api.caller()
    number = await caller.upload_id()
    config = transcription_pb2.UploadConfig(filename="a.wav", size_bytes=9, priority=6)
    captures: Any = capture_pb2_grpc.CaptureServiceStub(api.channel)
    reprocessing: Any = reprocessing_pb2_grpc.ReprocessingServiceStub(api.channel)
    uploads: Any = upload_pb2_grpc.UploadServiceStub(api.channel)
    calls = (
        (captures.CreateCapture, capture_pb2.CreateCaptureRequest(config=config)),
        (
            reprocessing.ReprocessTranscript,
            reprocessing_pb2.ReprocessTranscriptRequest(transcription_id=number, priority=6),
        ),
        (uploads.CreateUpload, upload_pb2.CreateUploadRequest(config=config)),
    )
    for method, request in calls:
        with pytest.raises(AuthorizationError, match="priority above 5"):
            await unwrap(method(request, metadata=caller.metadata))


async def test_options_behind_the_file_need_it_too(
    api: Api, database: Database, objects: ObjectStore
) -> None:
    caller = api.caller()
    request = transcription_pb2.UploadTranscriptionRequest
    stream: ClientStream[Any, Any] = ClientStream(
        caller.transcriptions.UploadTranscription(metadata=caller.metadata)
    )
    config = transcription_pb2.UploadConfig(filename="a.wav", language="en")
    await stream.write(request(config=config))
    await stream.write(request(chunk=wav(4.0)))
    await stream.write(request(options=transcription_pb2.UploadOptions(priority=6)))
    with pytest.raises(AuthorizationError, match="priority above 5"):
        await stream.answer()
    row = await database.fetch_one(_UPLOADS)
    assert row is not None
    assert row["uploads"] == 0
    assert not await objects.keys("audio")


async def test_refused_calls_leave_nothing_behind(
    api: Api, database: Database, objects: ObjectStore
) -> None:
    with pytest.raises(AuthorizationError):
        await _upload(api.caller(), 6)
    row = await database.fetch_one(_UPLOADS)
    assert row is not None
    assert row["uploads"] == 0
    assert not await objects.keys("audio")
    with pytest.raises(AuthorizationError):
        await _start(api.caller(), 6)
    row = await database.fetch_one(_JOBS)
    assert row is not None
    assert row["jobs"] == 0


async def test_there_are_no_administrators_without_a_token(apis: ApiFactory) -> None:
    async with apis.run(admin_token="") as api:
        for caller in (api.caller(), api.administrator()):
            with pytest.raises(AuthorizationError):
                await _start(caller, 6)
