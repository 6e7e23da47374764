"""Workspaces own what their sessions make."""

from typing import Any

import pytest

from common import bus, events
from common.errors import AuthorizationError, ConflictError, NotFoundError
from common.grpc_client import unwrap
from common.identity import Grant
from common.objects import ObjectStore
from common.postgres import Database
from common.signing import CallSigner, digest_of
from securetranscribe.v1 import event_pb2, queue_pb2, transcription_pb2
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import SECRET, Api, Caller
from tests.integration.transcriber.fakes import WorkerFactory, until, wav
from tests.integration.transcriber.resumable.uploading import Uploads
from tests.nats_clients import flushed

_OLD = """
INSERT INTO transcriptions (
    session_id, filename, size_bytes, duration, format, codec, sample_rate, channels, source_key,
    language_requested, phrases, speaker_count, min_speakers, max_speakers, status)
VALUES ('session_a', 'a.wav', 1, 1, 'wav', 'pcm', 16000, 1, 'x', 'en', '{}', 0, 0, 0, 'pending')
RETURNING id, workspace_id
"""


def by_the_gateway(method: str, request: Any, owner: Grant = Grant()) -> tuple[Any, ...]:  # noqa: B008
    """Return the metadata of a call that the gateway has signed."""
    signed = CallSigner(SECRET, "gateway").sign(
        "transcriber",
        f"/securetranscribe.v1.TranscriptionService/{method}",
        digest=digest_of(request.SerializeToString()),
        owner=owner,
    )
    return tuple(signed.items())


async def workspaces(caller: Caller, **request: Any) -> list[str]:
    message = transcription_pb2.ListWorkspacesRequest(**request)
    answer = await unwrap(
        caller.transcriptions.ListWorkspaces(
            message, metadata=by_the_gateway("ListWorkspaces", message)
        )
    )
    return list(answer.workspace_ids)


async def test_a_later_session_of_a_workspace_owns_everything(
    api: Api, worker_factory: WorkerFactory
) -> None:
    first, second, stranger = api.caller("a"), api.caller("b@a"), api.caller("b")
    async with worker_factory.both():
        number = await first.upload_id(auto_start=True)
        await first.ended(number)
    found = await second.get(number, full=True)
    assert found.session_id == "session_a"
    assert len(found.segments) > 0
    listed = await unwrap(
        second.transcriptions.ListTranscriptions(
            transcription_pb2.ListTranscriptionsRequest(), metadata=second.metadata
        )
    )
    assert listed.total == 1
    with pytest.raises(NotFoundError):
        await stranger.get(number)
    await second.delete(number)
    with pytest.raises(NotFoundError):
        await first.get(number)


async def test_jobs_belong_to_the_workspace(api: Api) -> None:
    first, second, stranger = api.caller("a"), api.caller("b@a"), api.caller("b")
    number = await first.upload_id()
    job = await second.start(number)
    assert job.session_id == "session_b"
    assert (await first.job(job.job_id)).job_id == job.job_id
    with pytest.raises(NotFoundError):
        await stranger.job(job.job_id)
    with pytest.raises(NotFoundError):
        await stranger.cancel(job.job_id)
    assert (await first.queue_status()).caller_position == 1
    assert (await stranger.queue_status()).caller_position == 0
    assert (await first.cancel(job.job_id)).status == queue_pb2.JOB_STATUS_CANCELLED


async def test_a_repeated_request_is_recognized_in_the_whole_workspace(api: Api) -> None:
    first, second, stranger = api.caller("a"), api.caller("b@a"), api.caller("b")
    number = await first.upload_id(request_id="once")
    assert await second.upload_id(request_id="once") == number
    assert await stranger.upload_id(request_id="once") != number
    job = await first.start(number, request_id="started once")
    assert (await second.start(number, request_id="started once")).job_id == job.job_id
    other = await second.upload_id()
    with pytest.raises(ConflictError):
        await second.start(other, request_id="started once")


async def test_events_name_the_workspace_and_the_session(api: Api, client: Any) -> None:
    heard: list[event_pb2.Event] = []

    async def hear(message: Any) -> None:
        heard.append(events.parse(message))

    subscription = await client.subscribe(bus.event_subject("session_a", "*", "*", "*"), cb=hear)
    await flushed(client)
    second = api.caller("b@a")
    number = await second.upload_id(auto_start=True)
    await second.delete(number)

    async def all_arrived() -> bool:
        return len(heard) >= 4

    await until(all_arrived)
    await subscription.unsubscribe()
    assert {(event.session_id, event.workspace_id) for event in heard} == {
        ("session_b", "session_a")
    }


async def test_rows_of_the_version_before_get_the_workspace_of_their_session(
    api: Api, database: Database
) -> None:
    row = await database.fetch_one(_OLD)
    assert row is not None
    assert row["workspace_id"] == "session_a"
    assert (await api.caller("a").get(row["id"])).transcription_id == row["id"]


async def test_workspaces_are_listed_in_order(api: Api) -> None:
    for name in ("c", "a", "b@a", "b"):
        await api.caller(name).upload_id()
    caller = api.caller()
    assert await workspaces(caller) == ["session_a", "session_b", "session_c"]
    assert await workspaces(caller, after="session_a", limit=1) == ["session_b"]
    assert await workspaces(caller, after="session_c") == []


async def test_only_services_list_and_erase_workspaces(api: Api) -> None:
    caller = api.caller()
    for method, request in (
        ("ListWorkspaces", transcription_pb2.ListWorkspacesRequest()),
        ("EraseWorkspace", transcription_pb2.EraseWorkspaceRequest(workspace_id="session_a")),
    ):
        call = getattr(caller.transcriptions, method)
        with pytest.raises(AuthorizationError):
            await unwrap(call(request, metadata=caller.metadata))


async def test_an_erased_workspace_has_nothing_left(api: Api, objects: ObjectStore) -> None:
    first, second, stranger = api.caller("a"), api.caller("b@a"), api.caller("b")
    numbers = [await first.upload_id(), await second.upload_id(auto_start=True)]
    foreign = await stranger.upload_id()
    own, other = Uploads.of(api, "a"), Uploads.of(api, "b")
    pieces, kept = await own.create(1000), await other.create(1000)
    await own.append(pieces.upload_id, 0, b"x" * 10)
    recorded, foreign_capture = Captures.of(api, "a"), await Captures.of(api, "b").create()
    await recorded.put((await recorded.create(title="Secret")).capture_id, 0, b"x" * 10)
    request = transcription_pb2.EraseWorkspaceRequest(
        workspace_id="session_a", reason="grace period over"
    )
    erased = [
        (
            await unwrap(
                first.transcriptions.EraseWorkspace(
                    request, metadata=by_the_gateway("EraseWorkspace", request)
                )
            )
        ).transcriptions
        for _ in range(2)
    ]
    assert erased == [2, 0]
    for number in numbers:
        with pytest.raises(NotFoundError):
            await first.get(number)
    assert (await stranger.get(foreign)).transcription_id == foreign
    assert await own.ids() == []
    assert await other.ids() == [kept.upload_id]
    assert await recorded.ids() == []
    assert await Captures.of(api, "b").ids() == [foreign_capture.capture_id]

    async def bytes_gone() -> bool:
        return await objects.keys("audio") == [f"{foreign}/source"]

    await until(bytes_gone)


async def test_a_recording_can_be_downloaded_by_its_workspace(api: Api) -> None:
    sound = wav(70.0)
    number = await api.caller("a").upload_id(sound)
    request = transcription_pb2.DownloadRecordingRequest(transcription_id=number)
    second, stranger = api.caller("b@a"), api.caller("b")
    call = second.transcriptions.DownloadRecording(request, metadata=second.metadata)
    pieces = [piece.chunk async for piece in call]
    assert b"".join(pieces) == sound
    assert len(pieces) > 1
    call = stranger.transcriptions.DownloadRecording(request, metadata=stranger.metadata)
    with pytest.raises(Exception, match="no such transcription"):
        _ = [piece async for piece in call]
