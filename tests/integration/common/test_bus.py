import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog.testing
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy

from common import bus
from common.bus import Delivery
from common.errors import DiskFullError, UnavailableError
from devstack.server import program
from devstack.stack import EmbeddedServers
from tests.integration.common.tasks.workers import until
from tests.nats_clients import flushed
from tests.ports import free_port


async def configuration(stream: JetStreamContext) -> dict[str, object]:
    """Return everything managed by `ensure_streams`."""
    streams = await stream.streams_info()
    consumers = [
        info
        for name in (bus.TASKS_STREAM, bus.RESULTS_STREAM)
        for info in await stream.consumers_info(name)
    ]
    return {
        **{str(info.config.name): info.config for info in streams},
        **{f"{info.stream_name}/{info.name}": info.config for info in consumers},
    }


async def test_streams_and_consumers_are_created(client: Client, stream: JetStreamContext) -> None:
    await bus.ensure_streams(stream, Delivery())

    found = await configuration(stream)

    assert {
        "TASKS", "RESULTS", "EVENTS", "KV_cancelled",
        "TASKS/transcribe", "TASKS/diarize", "RESULTS/coordinator",
    } <= set(found)  # fmt: skip
    tasks = (await stream.stream_info(bus.TASKS_STREAM)).config
    assert tasks.retention == RetentionPolicy.WORK_QUEUE
    assert tasks.duplicate_window == 600
    consumer = (await stream.consumer_info(bus.TASKS_STREAM, "diarize")).config
    assert (consumer.ack_wait, consumer.max_deliver) == (15, 4)
    assert consumer.filter_subject == bus.tasks_subject("diarize")


async def test_creating_them_again_changes_nothing(stream: JetStreamContext) -> None:
    await bus.ensure_streams(stream, Delivery())
    before = await configuration(stream)
    await stream.publish(bus.tasks_subject("diarize"), b"kept")

    await asyncio.gather(*(bus.ensure_streams(stream, Delivery()) for _ in range(5)))

    assert await configuration(stream) == before
    assert (await stream.stream_info(bus.TASKS_STREAM)).state.messages == 1


async def test_different_configuration_is_updated(stream: JetStreamContext) -> None:
    await bus.ensure_streams(stream, Delivery())
    before = await configuration(stream)
    info = await stream.stream_info(bus.EVENTS_STREAM)
    info.config.max_age = 3600
    info.config.max_bytes = 1024**3  # as earlier versions set it
    info.config.subjects = ["securetranscribe.events.v1.*.*.*.created"]
    await stream.update_stream(info.config)
    await bus.ensure_streams(stream, Delivery(ack_wait_seconds=3, max_deliver=7))

    changed = (await stream.consumer_info(bus.TASKS_STREAM, "transcribe")).config
    assert (changed.ack_wait, changed.max_deliver) == (3, 7)
    await bus.ensure_streams(stream, Delivery())

    assert await configuration(stream) == before


async def test_bucket_with_another_configuration_is_accepted(
    stream: JetStreamContext,
) -> None:
    info = await stream.stream_info("KV_cancelled")
    info.config.max_age = 3600
    await stream.update_stream(info.config)
    try:
        await bus.ensure_streams(stream, Delivery())
        await (await stream.key_value(bus.CANCELLED_BUCKET)).put("job_1", b"")
    finally:
        info.config.max_age = bus._CANCELLED_KEPT_SECONDS
        await stream.update_stream(info.config)


async def test_task_goes_to_workers_of_its_stage(stream: JetStreamContext) -> None:
    await stream.publish(bus.tasks_subject("diarize"), b"d")
    await stream.publish(bus.tasks_subject("transcribe"), b"t")

    for stage in ("transcribe", "diarize"):
        consumer = await stream.pull_subscribe_bind(durable=stage, stream=bus.TASKS_STREAM)
        (message,) = await consumer.fetch(1, timeout=20)
        assert message.data == stage[:1].encode()
        await message.ack_sync()
        with pytest.raises(TimeoutError):
            await consumer.fetch(1, timeout=0.2)


async def test_task_published_twice_is_stored_once(stream: JetStreamContext) -> None:
    for _ in range(2):
        await stream.publish(
            bus.tasks_subject("diarize"), b"", headers={"Nats-Msg-Id": "the-same-task"}
        )

    assert (await stream.stream_info(bus.TASKS_STREAM)).state.messages == 1


async def test_connection_is_reopened(client: Client, servers: EmbeddedServers) -> None:
    received: list[bytes] = []

    async def receive(message: object) -> None:
        received.append(b"")

    await client.subscribe("somewhere", cb=receive)
    await flushed(client)
    servers.process("nats").kill()
    await until(lambda: not client.is_connected)
    await servers.restart("nats")
    await until(lambda: client.is_connected)

    await client.publish("somewhere", b"")

    await until(lambda: received)


async def test_connecting_waits_for_a_late_server(servers: EmbeddedServers, nats_url: str) -> None:
    servers.process("nats").kill()
    connecting = asyncio.create_task(bus.connect(nats_url, name="early", wait_seconds=20))
    await asyncio.sleep(0.7)
    assert not connecting.done()
    await servers.restart("nats")

    client = await connecting

    assert client.is_connected
    await bus.close(client)
    assert client.is_closed


async def test_wrong_password_fails_and_is_logged(nats_url: str) -> None:
    wrong = nats_url.replace("service:", "service:not-")

    with (
        structlog.testing.capture_logs() as logs,
        pytest.raises(UnavailableError, match="NATS_URL"),
    ):
        await bus.connect(wrong, name="stranger", wait_seconds=3)

    said = str(logs)
    assert "Authorization Violation" in said
    assert wrong.split(":")[2].split("@")[0] not in said


async def test_closing_flushes_pending_messages(nats_url: str, client: Client) -> None:
    subscription = await client.subscribe("last.words")
    await flushed(client)
    leaving = await bus.connect(nats_url, name="leaving")
    await leaving.publish("last.words", b"bye")

    await bus.close(leaving)
    await bus.close(leaving)

    assert (await subscription.next_msg(timeout=20)).data == b"bye"


@asynccontextmanager
async def server(*options: str) -> AsyncIterator[str]:
    """Start a separate nats-server and yield its URL."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        program("nats-server"), "-a", "127.0.0.1", "-p", str(port), *options,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def test_server_without_jetstream_is_reported() -> None:
    async with server() as url:
        client = await bus.connect(url, name="test", wait_seconds=30)
        with pytest.raises(UnavailableError, match="without JetStream"):
            await bus.ensure_streams(client.jetstream(), Delivery())
        await bus.close(client)


async def test_a_server_without_room_for_the_streams_is_named_as_such(tmp_path: Path) -> None:
    settings = {"jetstream": {"store_dir": str(tmp_path), "max_file_store": bus.EVENTS_BYTES - 1}}
    configuration = tmp_path / "nats.json"
    configuration.write_text(json.dumps(settings))
    async with server("--config", str(configuration)) as url:
        client = await bus.connect(url, name="test", wait_seconds=30)
        with pytest.raises(DiskFullError, match="no room for its streams"):
            await bus.ensure_streams(client.jetstream(), Delivery())
        await bus.close(client)
