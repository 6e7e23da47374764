"""What tests do to the streams and see in them, beside the api and its workers."""

import contextlib
from typing import Any

import pytest
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError as NotInStreamError

from common import bus
from common.postgres import Database
from securetranscribe.v1 import event_pb2
from tests.integration.transcriber.conftest import DELIVERY, Caller
from tests.integration.transcriber.fakes import until

_WAITS = "SELECT 1 AS one FROM outbox"
_HANDED_OUT = "SELECT stream_sequence FROM tasks WHERE stage <> 'merge'"


async def take(client: Any, stage: str, *, seconds: float = 20) -> Msg:
    """Takes a task as a worker would; nothing more happens to it."""
    consumer = await client.jetstream().pull_subscribe_bind(durable=stage, stream=bus.TASKS_STREAM)
    try:
        (message,) = await consumer.fetch(1, timeout=seconds)
    finally:
        await consumer.unsubscribe()
    return message  # type: ignore[no-any-return]


async def exhaust(client: Any, stage: str) -> None:
    """Takes a task so often without finishing it that it is not delivered again."""
    for _ in range(DELIVERY.max_deliver):
        await take(client, stage)
    with pytest.raises(TimeoutError):
        await take(client, stage, seconds=DELIVERY.ack_wait_seconds + 1)


async def events_of(client: Any, kind: str) -> list[event_pb2.Event]:
    """Events of a kind that the stream keeps."""
    stream = client.jetstream()
    info = await stream.stream_info(bus.EVENTS_STREAM)
    found = []
    for sequence in range(info.state.first_seq, info.state.last_seq + 1):
        with contextlib.suppress(NotInStreamError):
            raw = await stream.get_msg(bus.EVENTS_STREAM, sequence)
            event = event_pb2.Event.FromString(raw.data)
            if event.WhichOneof("data") == kind:
                found.append(event)
    return found


async def published(database: Database) -> None:
    """Waits until nothing is left to publish."""

    async def empty() -> bool:
        return await database.fetch_one(_WAITS) is None

    await until(empty)


async def handed_out(database: Database, *, tasks: int = 2) -> None:
    """Waits until it is known where in the stream so many tasks, all there are, have gone."""

    async def known() -> bool:
        rows = await database.fetch_all(_HANDED_OUT)
        return len(rows) == tasks and all(row["stream_sequence"] is not None for row in rows)

    await until(known)


async def release(caller: Caller, database: Database) -> int:
    """Uploads and starts; returns the transcription once its tasks are in the stream."""
    transcription_id = await caller.upload_id(auto_start=True)
    await handed_out(database)
    return transcription_id
