"""Live sessions whose recorder has switched to another workspace meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect

from common.identity import Role
from common.postgres import Database
from tests.integration.gateway.accounts import (
    Person,
    first_administrator,
    new_user,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.fake_live import CAPTURE_ID, FakeLive, serving
from tests.integration.gateway.test_recognition import chunk, closed, say
from tests.integration.gateway.test_websocket import address, bearer, receive


@pytest.fixture(scope="module")
async def live() -> AsyncIterator[tuple[FakeLive, str]]:
    async with serving() as found:
        yield found


@pytest.fixture(scope="module")
async def running(make_gateway: MakeGateway, live: tuple[FakeLive, str]) -> AsyncIterator[Running]:
    async with make_gateway(transcriber_grpc=live[1], auth_mode="accounts") as gateway:
        yield gateway


@pytest.fixture
async def ada(running: Running, database: Database) -> AsyncIterator[Person]:
    await start_over(database)
    async with first_administrator(running, database) as found:
        yield found


@asynccontextmanager
async def resumed(running: Running, who: Person) -> AsyncIterator[ClientConnection]:
    """Resume a session."""
    async with connect(
        address(running, "/ws/live"), additional_headers=bearer(who.token), proxy=None
    ) as socket:
        await say(socket, {"type": "resume", "capture_id": CAPTURE_ID})
        yield socket


async def test_goes_on_where_it_was_begun(
    running: Running, live: tuple[FakeLive, str], ada: Person
) -> None:
    fake = live[0]
    fake.reset()
    fake.elsewhere = ada.workspace_id
    made = await ada.ask("POST", "/workspaces", json={"name": "Council"})
    await ada.switch(made["workspace_id"])
    async with resumed(running, ada) as socket:
        assert (await receive(socket))["type"] == "begun"
        await socket.send(chunk(0, b"abc"))
        assert (await receive(socket))["type"] == "acknowledged"
    first, second = fake.callers
    assert first.workspace_id == made["workspace_id"]
    assert (second.workspace_id, second.role) == (ada.workspace_id, Role.MANAGER)
    assert second.session_id == first.session_id


async def test_not_without_the_right_there(
    running: Running, live: tuple[FakeLive, str], ada: Person
) -> None:
    fake = live[0]
    async with new_user(running, ada, "Bob") as bob:
        for role in (None, "viewer", "editor"):
            fake.reset()
            fake.elsewhere = ada.workspace_id
            if role is not None:
                path = f"/workspaces/{ada.workspace_id}/members/{bob.user_id}"
                await ada.ask("PUT", path, json={"role": role})
            async with resumed(running, bob) as socket:
                if role == "editor":
                    assert (await receive(socket))["type"] == "begun"
                    continue
                code, (error,) = await closed(socket)
            assert (code, error["data"]["code"]) == (1008, "NOT_FOUND")
