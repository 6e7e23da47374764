"""Misbehaving WebSocket clients. Integration tests cover the rest."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from common.errors import UnavailableError
from common.identity import Role
from gateway.live import socket as module
from gateway.live.hub import Client, Hub
from gateway.live.send_queue import MAX_ENDINGS
from gateway.live.socket import LiveSocket
from gateway.sessions.session import Session
from gateway.web.origins import Origins
from tests.unit.gateway.asgi import scope_of
from tests.unit.gateway.test_hub import completed, progress
from tests.unit.gateway.test_session import session


class Registry:
    """Accepts every token. Members may become others, without an event."""

    def __init__(self) -> None:
        self.role: Role | None = None
        self.user_id = ""
        self.renewed: asyncio.Queue[None] = asyncio.Queue()

    async def authenticate(self, token: str) -> Session:
        return self._session()

    async def get(self, session_id: str) -> Session:
        assert session_id == "session_a"
        self.renewed.put_nowait(None)
        return self._session()

    def _session(self) -> Session:
        return session(
            session_id="session_a",
            workspace_id="session_a",
            user_id=self.user_id,
            role=self.role,
        )


class Backends:
    """Never responds."""

    queue = type("Queue", (), {"GetQueueStatus": None})

    async def ask(self, *arguments: Any) -> Any:
        raise UnavailableError("away")


class Shared:
    """Nothing is shared with anybody."""

    async def begin(self, client: Client) -> None:
        pass


class Peer:
    """A client that stops reading once `stuck`."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.said: asyncio.Queue[Message] = asyncio.Queue()
        self.said.put_nowait({"type": "websocket.connect"})
        self.stuck = False

    async def receive(self) -> Message:
        return await self.said.get()

    async def send(self, message: Message) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        self.sent.append(message)

    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]


@pytest.fixture
def hub() -> Hub:
    return Hub(clients_per_session=5)


@pytest.fixture
def peer() -> Peer:
    return Peer()


def connect(
    hub: Hub, peer: Peer, registry: Registry | None = None, keep_alive_seconds: float = 60
) -> "asyncio.Task[None]":
    live = LiveSocket(
        registry=registry or Registry(),  # type: ignore[arg-type]
        backends=Backends(),  # type: ignore[arg-type]
        hub=hub,
        shared=Shared(),  # type: ignore[arg-type]
        origins=Origins([]),
        keep_alive_seconds=keep_alive_seconds,
    )
    scope = scope_of("/ws", kind="websocket", headers={"authorization": "Bearer x"})
    return asyncio.create_task(live(scope, peer.receive, peer.send))


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_disconnected_client_is_detached(hub: Hub, peer: Peer) -> None:
    serving = connect(hub, peer)
    await settle()
    assert len(hub) == 1
    peer.said.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await serving
    assert len(hub) == 0


async def test_a_client_that_stops_reading_is_disconnected(
    hub: Hub, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SEND_SECONDS", 0.05)
    monkeypatch.setattr(module, "_CLOSE_SECONDS", 0.05)
    serving = connect(hub, peer)
    await settle()
    peer.stuck = True
    hub.dispatch(progress("session_a", "job_1", 1.0))
    async with asyncio.timeout(30):
        await serving
    assert len(hub) == 0


async def test_a_client_too_far_behind_is_disconnected(hub: Hub, peer: Peer) -> None:
    serving = connect(hub, peer)
    await settle()
    for number in range(MAX_ENDINGS + 1):
        hub.dispatch(completed("session_a", f"job_{number}"))
    async with asyncio.timeout(30):
        await serving
    closing = peer.sent[-1]
    assert (closing["type"], closing["code"]) == ("websocket.close", 1013)


async def test_a_slow_client_misses_progress_but_no_ending(hub: Hub, peer: Peer) -> None:
    serving = connect(hub, peer)
    await settle()
    for percent in range(100):
        hub.dispatch(progress("session_a", "job_1", float(percent)))
    hub.dispatch(completed("session_a", "job_1"))
    await settle()
    texts = peer.texts()
    assert len(texts) == 2
    assert '"progress_percentage":99.0' in texts[0]
    assert '"job_completed"' in texts[1]
    peer.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await serving


async def test_withdrawn_rights_close_a_connection_without_an_event(hub: Hub, peer: Peer) -> None:
    registry = Registry()
    registry.user_id, registry.role = "user_1", Role.VIEWER
    serving = connect(hub, peer, registry, keep_alive_seconds=0.001)
    async with asyncio.timeout(30):
        for _ in range(3):
            await registry.renewed.get()
        assert len(hub) == 1
        registry.role = None
        await serving
    closing = peer.sent[-1]
    assert (closing["type"], closing["code"]) == ("websocket.close", 1012)
    assert len(hub) == 0
