"""Helpers that read and change the streams next to the api and its workers."""

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
    """Fetch a task as a worker would, and leave it unacknowledged."""
    consumer = await client.jetstream().pull_subscribe_bind(durable=stage, stream=bus.TASKS_STREAM)
    try:
        (message,) = await consumer.fetch(1, timeout=seconds)
    finally:
        await consumer.unsubscribe()
    return message  # type: ignore[no-any-return]


async def exhaust(client: Any, stage: str) -> None:
    """Fetch a task without finishing it until it is not delivered again."""
    for _ in range(DELIVERY.max_deliver):
        await take(client, stage)
    with pytest.raises(TimeoutError):
        await take(client, stage, seconds=DELIVERY.ack_wait_seconds + 1)


async def events_of(client: Any, kind: str) -> list[event_pb2.Event]:
    """Return the events of a kind in the stream."""
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
    """Wait until the outbox is empty."""

    async def empty() -> bool:
        return await database.fetch_one(_WAITS) is None

    await until(empty)


async def results_taken(client: Any) -> None:
    """Wait until an api has taken all results that workers have announced."""

    async def none_left() -> bool:
        info = await client.jetstream().stream_info(bus.RESULTS_STREAM)
        return bool(info.state.messages == 0)

    await until(none_left)


async def handed_out(database: Database, *, tasks: int = 2) -> None:
    """Wait until there are exactly `tasks` tasks, all with stream sequences."""

    async def known() -> bool:
        rows = await database.fetch_all(_HANDED_OUT)
        return len(rows) == tasks and all(row["stream_sequence"] is not None for row in rows)

    await until(known)


async def release(caller: Caller, database: Database) -> int:
    """Upload and start a transcription; return its id once its tasks are in the stream."""
    transcription_id = await caller.upload_id(auto_start=True)
    await handed_out(database)
    return transcription_id
