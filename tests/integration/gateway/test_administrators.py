"""Administrators who sign in reach what ADMIN_TOKEN reaches, and nobody else does."""

from collections.abc import AsyncIterator

import pytest

from common.postgres import Database
from tests.integration.gateway.accounts import (
    Person,
    first_administrator,
    new_user,
    program,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.fake_admin import ADMIN_TOKEN
from tests.integration.gateway.peers import Peers

READS = ("/admin/system", "/admin/storage", "/admin/set-aside", "/admin/workspaces")
RETRY = "/admin/set-aside/retry"
ITEM = {"service": "transcriber", "step": "clips", "item": "41"}


@pytest.fixture(autouse=True)
async def nobody(database: Database) -> AsyncIterator[None]:
    """Begin and end without any user."""
    await start_over(database)
    yield
    await start_over(database)


@pytest.fixture(scope="module")
async def closed(make_gateway: MakeGateway) -> AsyncIterator[Running]:
    """A gateway where people sign in."""
    async with make_gateway(auth_mode="accounts") as one:
        yield one


@pytest.fixture
async def ada(closed: Running, database: Database) -> AsyncIterator[Person]:
    """The administrator."""
    async with first_administrator(closed, database) as one:
        yield one


async def test_administrators_need_no_token(ada: Person, peers: Peers) -> None:
    for path in READS:
        await ada.ask("GET", path)
    peers.admin.retried.clear()
    assert await ada.ask("POST", RETRY, json=ITEM) == {"retried": 1}
    assert [one.item for one in peers.admin.retried] == ["41"]


async def test_workspaces_of_people_have_names_and_members(closed: Running, ada: Person) -> None:
    async with new_user(closed, ada, "Bob") as bob:
        await ada.ask("PUT", f"/workspaces/{ada.workspace_id}", json={"name": "Court"})
        await ada.ask("PUT", f"/workspaces/{ada.workspace_id}/members/Bob", json={"role": "viewer"})
        listed = (await ada.ask("GET", "/admin/workspaces"))["workspaces"]
        found = {one["workspace_id"]: one for one in listed}
        assert found.keys() == {ada.workspace_id, bob.workspace_id}
        court = found[ada.workspace_id]
        assert (court["name"], court["members"], court["lasting"]) == ("Court", 2, True)


async def test_other_people_are_refused(closed: Running, ada: Person, peers: Peers) -> None:
    async with new_user(closed, ada, "Bob") as bob:
        before = peers.admin.asked
        for path in READS:
            assert await bob.refused("GET", path) == 403
        assert await bob.refused("POST", RETRY, json=ITEM) == 403
        assert peers.admin.asked == before
        # The right counts from the next moment on, and ends as fast.
        await ada.ask("PUT", f"/users/{bob.user_id}", json={"administrator": True})
        await bob.ask("GET", READS[0])
        await ada.ask("PUT", f"/users/{bob.user_id}", json={"administrator": False})
        assert await bob.refused("GET", READS[0]) == 403


async def test_programs_of_administrators_need_the_scope(closed: Running, ada: Person) -> None:
    async with program(closed, ada, ["read", "write", "export"]) as robot:
        assert (await robot.get(f"/api{READS[0]}")).status_code == 403
    async with program(closed, ada, ["admin"]) as robot:
        assert (await robot.get(f"/api{READS[0]}")).status_code == 200
    async with (
        new_user(closed, ada, "Bob") as bob,
        program(closed, bob, ["admin"]) as robot,
    ):
        assert (await robot.get(f"/api{READS[0]}")).status_code == 403


async def test_the_token_needs_no_sign_in(closed: Running, ada: Person) -> None:
    async with closed.client() as client:
        assert (await client.get(f"/api{READS[0]}")).status_code == 401
        for token, status in ((ADMIN_TOKEN, 200), ("wrong", 403)):
            headers = {"X-Admin-Token": token}
            assert (await client.get(f"/api{READS[0]}", headers=headers)).status_code == status
        # It opens nothing else.
        headers = {"X-Admin-Token": ADMIN_TOKEN}
        assert (await client.get("/api/users", headers=headers)).status_code == 401


async def test_pages_of_other_origins_cannot_use_a_sign_in(ada: Person) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    answer = await ada.client.post(f"/api{RETRY}", json=ITEM, headers=headers)
    assert answer.status_code == 403
