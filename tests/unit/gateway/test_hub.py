"""Delivery of events to the clients of their session."""

import asyncio
import json
from typing import Any

import pytest

from common import times
from common.errors import ResourceExhaustedError
from common.identity import Grant
from gateway.live.hub import Client, Hub
from gateway.live.models import QueueState
from gateway.live.send_queue import GOING_AWAY, SESSION_ENDED, TOO_SLOW
from securetranscribe.v1 import event_pb2, queue_pb2, transcript_pb2
from tests.unit.gateway.fakes import NOON


def progress(session: str, job: str, percent: float) -> event_pb2.Event:
    return event_pb2.Event(
        session_id=session,
        job_progress=event_pb2.JobProgress(
            job_id=job,
            transcription_id=123,
            progress_percent=percent,
            current_step="Processing transcription",
            estimated_complete_time=times.timestamp(NOON),
        ),
    )


def completed(session: str, job: str) -> event_pb2.Event:
    return event_pb2.Event(
        session_id=session,
        job_completed=event_pb2.JobCompleted(
            job_id=job,
            transcription_id=123,
            complete_time=times.timestamp(NOON),
            confidence=0.95,
            speaker_count=2,
            duration=times.duration(120.5),
        ),
    )


def changed(*places: tuple[str, int, float]) -> event_pb2.QueueChanged:
    return event_pb2.QueueChanged(
        queued_jobs=5,
        processing_jobs=2,
        estimated_wait=times.duration(300),
        places=[
            event_pb2.QueuePlace(
                session_id=session, position=position, estimated_wait=times.duration(wait)
            )
            for session, position, wait in places
        ],
    )


async def read(client: Client) -> list[Any]:
    messages: list[Any] = []
    while len(client.send_queue):
        text = await client.send_queue.next()
        assert isinstance(text, str)
        messages.append(json.loads(text))
    return messages


@pytest.fixture
def hub() -> Hub:
    return Hub(clients_per_session=3)


async def test_progress_message(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    hub.dispatch(progress("session_a", "job_1", 65.0))
    assert await read(client) == [
        {
            "type": "job_progress",
            "data": {
                "job_id": "job_1",
                "transcription_id": 123,
                "progress_percentage": 65.0,
                "current_step": "Processing transcription",
                "estimated_completion": "2024-01-01T12:00:00Z",
            },
        }
    ]


async def test_progress_message_without_an_estimate(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    event = progress("session_a", "job_1", 1.0)
    event.job_progress.ClearField("estimated_complete_time")
    hub.dispatch(event)
    assert (await read(client))[0]["data"]["estimated_completion"] is None


@pytest.mark.parametrize(
    ("kind", "author", "shown"),
    [
        (transcript_pb2.REVISION_KIND_UNDO, "session_a", ("undo", "session_a")),
        (transcript_pb2.REVISION_KIND_NAMES, "", ("names", None)),
    ],
)
async def test_edit_message(
    hub: Hub, kind: Any, author: str, shown: tuple[str, str | None]
) -> None:
    client, other = hub.attach(Grant.of("session_a")), hub.attach(Grant.of("session_b"))
    edited = event_pb2.TranscriptEdited(transcription_id=7, revision=4, kind=kind, author=author)
    hub.dispatch(event_pb2.Event(workspace_id="session_a", transcript_edited=edited))
    assert await read(client) == [
        {
            "type": "transcript_edited",
            "data": {
                "transcription_id": 7,
                "revision": 4,
                "kind": shown[0],
                "author": shown[1],
            },
        }
    ]
    assert len(other.send_queue) == 0


async def test_completion_message(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    hub.dispatch(completed("session_a", "job_1"))
    assert await read(client) == [
        {
            "type": "job_completed",
            "data": {
                "job_id": "job_1",
                "transcription_id": 123,
                "status": "completed",
                "completed_at": "2024-01-01T12:00:00Z",
                "results": {"confidence_score": 0.95, "num_speakers": 2, "duration": 120.5},
                "has_warnings": False,
            },
        }
    ]


async def test_failure_and_cancellation_messages(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    when = times.timestamp(NOON)
    failure = queue_pb2.Failure(code="AUDIO_PROCESSING_ERROR", message="It broke.")
    hub.dispatch(
        event_pb2.Event(
            session_id="session_a",
            job_failed=event_pb2.JobFailed(job_id="job_1", failure=failure, complete_time=when),
        )
    )
    hub.dispatch(
        event_pb2.Event(
            session_id="session_a",
            job_cancelled=event_pb2.JobCancelled(job_id="job_2", complete_time=when),
        )
    )
    failed, cancelled = await read(client)
    assert failed["type"] == "job_failed"
    assert failed["data"]["error"] == {"code": "AUDIO_PROCESSING_ERROR", "message": "It broke."}
    assert cancelled["type"] == "job_cancelled"
    assert cancelled["data"]["status"] == "cancelled"


async def test_other_sessions_receive_nothing(hub: Hub) -> None:
    other = hub.attach(Grant.of("session_b"))
    hub.dispatch(progress("session_a", "job_1", 5.0))
    hub.dispatch(completed("session_a", "job_1"))
    assert not len(other.send_queue)


async def test_every_connection_of_a_session_receives_events(hub: Hub) -> None:
    clients = [hub.attach(Grant.of("session_a")) for _ in range(3)]
    hub.dispatch(completed("session_a", "job_1"))
    assert [len(await read(client)) for client in clients] == [1, 1, 1]


async def test_repeated_endings_and_late_progress_are_ignored(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    hub.dispatch(completed("session_a", "job_1"))
    hub.dispatch(completed("session_a", "job_1"))
    hub.dispatch(progress("session_a", "job_1", 99.0))
    assert [message["type"] for message in await read(client)] == ["job_completed"]


async def test_each_session_receives_its_view_of_the_queue(hub: Hub) -> None:
    first, second = hub.attach(Grant.of("session_a")), hub.attach(Grant.of("session_b"))
    await hub.dispatch_queue(changed(("session_a", 3, 120.0)))
    assert await read(first) == [
        {
            "type": "queue_update",
            "data": {
                "queued_jobs": 5,
                "processing_jobs": 2,
                "user_position": 3,
                "estimated_wait_time": 120.0,
            },
        }
    ]
    assert (await read(second))[0]["data"] == {
        "queued_jobs": 5, "processing_jobs": 2, "user_position": 0, "estimated_wait_time": 300.0,
    }  # fmt: skip


async def test_an_unchanged_queue_is_not_sent_again(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    await hub.dispatch_queue(changed())
    await hub.dispatch_queue(changed())
    assert len(await read(client)) == 1
    await hub.dispatch_queue(changed(("session_a", 1, 5.0)))
    assert len(await read(client)) == 1


async def test_the_initial_queue_state_does_not_replace_a_newer_one(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    await hub.dispatch_queue(changed())
    client.put_initial_queue_state(
        QueueState(queued_jobs=9, processing_jobs=9, user_position=9, estimated_wait_time=9.0)
    )
    assert [message["data"]["queued_jobs"] for message in await read(client)] == [5]


async def test_revocation_closes_the_connections_of_the_session(hub: Hub) -> None:
    client, other = hub.attach(Grant.of("session_a")), hub.attach(Grant.of("session_b"))
    hub.dispatch(
        event_pb2.Event(session_id="session_a", session_revoked=event_pb2.SessionRevoked())
    )
    assert await client.send_queue.next() is SESSION_ENDED
    assert other.send_queue.closing is None


async def test_connections_per_session_are_limited(hub: Hub) -> None:
    clients = [hub.attach(Grant.of("session_a")) for _ in range(3)]
    with pytest.raises(ResourceExhaustedError):
        hub.attach(Grant.of("session_a"))
    hub.detach(clients[0])
    hub.attach(Grant.of("session_a"))
    hub.attach(Grant.of("session_b"))
    assert len(hub) == 4


async def test_members_of_a_workspace_have_connections_of_their_own(hub: Hub) -> None:
    for _ in range(3):
        hub.attach(Grant.of("session_a", "workspace_1"))
    hub.attach(Grant.of("session_b", "workspace_1"))
    with pytest.raises(ResourceExhaustedError):
        hub.attach(Grant.of("session_a", "workspace_1"))


async def test_detaching_twice_has_no_effect(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    client.send_queue.close(TOO_SLOW)
    hub.detach(client)
    hub.detach(client)
    assert len(hub) == 0


async def test_a_closed_hub_rejects_connections(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    hub.close()
    assert await client.send_queue.next() is GOING_AWAY
    with pytest.raises(ResourceExhaustedError):
        hub.attach(Grant.of("session_b"))


async def test_other_events_are_ignored(hub: Hub) -> None:
    client = hub.attach(Grant.of("session_a"))
    hub.dispatch(
        event_pb2.Event(session_id="session_a", job_queued=event_pb2.JobQueued(job_id="job_1"))
    )
    hub.dispatch(event_pb2.Event())
    await asyncio.sleep(0)
    assert not len(client.send_queue)
