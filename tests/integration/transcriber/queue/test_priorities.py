"""Priorities above the default are for administrators."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from common.client_stream import ClientStream
from common.errors import AuthorizationError
from common.grpc_client import _contracts, unwrap, unwrap_stream
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import (
    capture_pb2,
    live_pb2,
    queue_pb2,
    reprocessing_pb2,
    speech_pb2,
    transcription_pb2,
    upload_pb2,
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


def _has_priority(message: Descriptor, above: frozenset[str] = frozenset()) -> bool:
    above |= {message.full_name}
    return any(
        field.name == "priority"
        or (
            field.message_type is not None
            and field.message_type.full_name not in above
            and _has_priority(field.message_type, above)
        )
        for field in message.fields
    )


#: Methods whose requests have a priority, by their names.
METHODS = {
    method.name: method
    for contract in _contracts()
    for service in contract.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if _has_priority(method.input_type)
}
_HIGH = transcription_pb2.UploadConfig(filename="a.wav", language="en", priority=6)
#: Requests with a high priority.
REQUESTS: dict[str, Message] = {
    "UploadTranscription": transcription_pb2.UploadTranscriptionRequest(config=_HIGH),
    "StartTranscription": transcription_pb2.StartTranscriptionRequest(
        transcription_id=1, priority=6
    ),
    "UpdateJobPriority": queue_pb2.UpdateJobPriorityRequest(job_id="job_1", priority=6),
    "ReprocessTranscript": reprocessing_pb2.ReprocessTranscriptRequest(
        transcription_id=1, priority=6
    ),
    "CreateUpload": upload_pb2.CreateUploadRequest(config=_HIGH),
    "CreateCapture": capture_pb2.CreateCaptureRequest(config=_HIGH),
    "StreamingRecognize": live_pb2.LiveServiceStreamingRecognizeRequest(
        begin=live_pb2.LiveBegin(
            config=_HIGH,
            encoding=speech_pb2.AUDIO_ENCODING_LINEAR16,
            sample_rate_hertz=16000,
        )
    ),
}


def test_every_request_with_a_priority_is_known() -> None:
    assert {*METHODS} == {*REQUESTS}


@pytest.mark.parametrize("name", REQUESTS)
async def test_every_call_with_a_high_priority_needs_it(
    api: Api, database: Database, objects: ObjectStore, name: str
) -> None:
    """It is refused before anything is looked for or stored."""
    method, request = METHODS[name], REQUESTS[name]
    streaming = method.client_streaming, method.server_streaming
    make = getattr(api.channel, "_".join("stream" if it else "unary" for it in streaming))
    call = make(
        f"/{method.containing_service.full_name}/{name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    sent = _once(request) if method.client_streaming else request
    answer = call(sent, metadata=api.caller().metadata)
    coming = anext(unwrap_stream(answer)) if method.server_streaming else unwrap(answer)
    with pytest.raises(AuthorizationError, match="priority above 5"):
        await coming
    row = await database.fetch_one(_UPLOADS)
    assert row is not None
    assert row["uploads"] == 0
    assert not await objects.keys("audio")


async def _once(request: Message) -> AsyncIterator[Message]:
    yield request


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
