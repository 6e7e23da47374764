"""Two hundred clients on one gateway process."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from nats.aio.client import Client
from websockets.asyncio.client import ClientConnection, connect

from common.events import EventPublisher
from devstack.stack import EmbeddedServers
from tests.integration.gateway.conftest import SECRET
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_websocket import bearer, completed, progress, receive
from tests.limits import UNLIMITED
from tests.ports import free_port

CLIENTS = 200
STEPS = 20


@pytest.fixture
async def gateway_url(servers: EmbeddedServers, nats: Client, peers: Peers) -> AsyncIterator[str]:
    """A gateway in its own process."""
    port = free_port()
    environment = {
        **os.environ,
        **servers.environment("gateway"),
        **UNLIMITED,
        "SECRET_KEY": SECRET,
        "PORT": str(port),
        "GRPC_PORT": "0",
        "TRANSCRIBER_GRPC": peers.address("transcriber"),
        "SPEAKERS_GRPC": peers.address("speakers"),
        "EXPORTER_GRPC": peers.address("exporter"),
        "LOG_LEVEL": "WARNING",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway", env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        await _healthy(url)
        yield url
    finally:
        process.terminate()
        assert await process.wait() == 0


async def _healthy(url: str) -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient(base_url=url) as client:
        while True:
            try:
                if (await client.get("/health")).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(0.1)


async def test_two_hundred_clients(gateway_url: str, nats: Client) -> None:
    publisher = EventPublisher(nats, nats.jetstream(), source="transcriber")
    async with httpx2.AsyncClient(base_url=gateway_url, timeout=30) as client:
        sessions = [await _session(client) for _ in range(CLIENTS)]
    async with _connected(gateway_url, [token for _, token in sessions]) as sockets:
        jobs = [(session, f"job_{session}") for session, _ in sessions]
        _assert_whole(jobs, await _watch(publisher, jobs, sockets))


def _assert_whole(jobs: list[tuple[str, str]], received: list[list[Any]]) -> None:
    """Assert that each client received its own job's events in order, and the ending once."""
    for (_, job), messages in zip(jobs, received, strict=True):
        assert {message["data"]["job_id"] for message in messages} == {job}
        percents = [message["data"]["progress_percentage"] for message in messages[:-1]]
        assert percents == sorted(percents)
        assert percents[-1] == STEPS - 1
        assert [message["type"] for message in messages].count("job_completed") == 1


async def _session(client: httpx2.AsyncClient) -> tuple[str, str]:
    data = (await client.post("/api/sessions/create")).json()["data"]
    return data["session_id"], data["session_token"]


async def _watch(
    publisher: EventPublisher, jobs: list[tuple[str, str]], sockets: list[ClientConnection]
) -> list[list[Any]]:
    """Publish one job per session, and return the messages received by each client."""
    reading = [asyncio.create_task(_until_completed(socket)) for socket in sockets]
    for step in range(STEPS):
        for session, job in jobs:
            await publisher.publish(progress(session, job, step))
        await asyncio.sleep(0.05)
    for session, job in jobs:
        await publisher.publish(completed(session, job))
    async with asyncio.timeout(120):
        return await asyncio.gather(*reading)


async def _until_completed(socket: ClientConnection) -> list[Any]:
    messages: list[Any] = []
    while not messages or messages[-1]["type"] != "job_completed":
        message = json.loads(await socket.recv())
        if message["type"] != "queue_update":
            messages.append(message)
    return messages


@asynccontextmanager
async def _connected(url: str, tokens: list[str]) -> AsyncIterator[list[ClientConnection]]:
    sockets: list[ClientConnection] = []
    address = url.replace("http", "ws", 1) + "/ws"
    try:
        for token in tokens:
            socket = await connect(address, additional_headers=bearer(token), proxy=None)
            sockets.append(socket)
            assert (await receive(socket))["type"] == "queue_update"
        yield sockets
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))
