"""The own name, the own sign-ins, and what administrators find of users."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from common.postgres import Database
from tests.integration.gateway.accounts import (
    PASSWORD,
    Person,
    first_administrator,
    new_user,
    program,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running

SESSIONS = "/auth/sessions"


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
    """The first administrator."""
    async with first_administrator(closed, database) as one:
        yield one


@pytest.fixture
async def bob(closed: Running, ada: Person) -> AsyncIterator[Person]:
    """Another user."""
    async with new_user(closed, ada, "Bob", email="bob@example.org") as one:
        yield one


async def signed_in_again(client: httpx2.AsyncClient, name: str) -> str:
    """Sign somebody in. Return the identifier of the session."""
    headers = {"User-Agent": "Browser of the library"}
    body = {"name": name, "password": PASSWORD}
    response = await client.post("/api/auth/sign-in", json=body, headers=headers)
    assert response.status_code == 200, response.text
    identifier: str = response.json()["data"]["session_id"]
    return identifier


async def test_users_change_the_name_that_others_see(bob: Person) -> None:
    changed = await bob.ask("PUT", "/auth/me", json={"display_name": "  Robert  "})
    assert (changed["name"], changed["display_name"]) == ("Bob", "Robert")
    assert (await bob.ask("GET", "/auth/me"))["user"]["display_name"] == "Robert"
    for name in ("", "   ", "a\u200bb", "x" * 101):
        assert await bob.refused("PUT", "/auth/me", json={"display_name": name}) == 400


async def test_a_sign_in_is_listed_and_ended(closed: Running, bob: Person, ada: Person) -> None:
    async with closed.client() as elsewhere:
        other = await signed_in_again(elsewhere, "Bob")
        listed = (await bob.ask("GET", SESSIONS))["sign_ins"]
        assert {one["session_id"]: one["current"] for one in listed}[other] is False
        assert sum(one["current"] for one in listed) == 1
        assert len(listed) == 2
        found = next(one for one in listed if one["session_id"] == other)
        assert found["user_agent"] == "Browser of the library"
        assert found["address"] == "127.0.0.1"
        # Sign-ins of others are not found.
        assert await ada.refused("DELETE", f"{SESSIONS}/{other}") == 404
        assert await bob.ask("DELETE", f"{SESSIONS}/{other}") == {"ended": 1}
        assert await bob.refused("DELETE", f"{SESSIONS}/{other}") == 404
        assert (await elsewhere.get("/api/auth/me")).status_code == 401
    assert len((await bob.ask("GET", SESSIONS))["sign_ins"]) == 1


async def test_all_others_are_ended_and_programs_go_on(closed: Running, bob: Person) -> None:
    async with program(closed, bob, ["read"]) as robot, closed.client() as elsewhere:
        made = await robot.post("/api/sessions/create", json={})
        assert made.status_code == 201, made.text
        await signed_in_again(elsewhere, "Bob")
        # Sessions of programs are no sign-ins.
        assert len((await bob.ask("GET", SESSIONS))["sign_ins"]) == 2
        assert await bob.ask("DELETE", SESSIONS) == {"ended": 1}
        assert (await elsewhere.get("/api/auth/me")).status_code == 401
        assert (await robot.get("/api/auth/me")).status_code == 200
        for method, path in (("GET", SESSIONS), ("DELETE", SESSIONS), ("PUT", "/auth/me")):
            body = {"display_name": "R2"} if method == "PUT" else None
            refused = await robot.request(method, f"/api{path}", json=body)
            assert refused.status_code == 403, path
    assert await bob.ask("DELETE", SESSIONS) == {"ended": 0}


async def test_users_are_found_by_parts_of_names(closed: Running, ada: Person, bob: Person) -> None:
    async with new_user(closed, ada, "cleo", display_name="Élodie 100%") as cleo:
        for query, names in (
            ("", ["Ada", "Bob", "cleo"]),
            ("OB", ["Bob"]),
            ("bob@EXAMPLE", ["Bob"]),
            ("élodie", ["cleo"]),
            ("%", ["cleo"]),
            ("_", []),
        ):
            found = await ada.ask("GET", "/users", params={"query": query})
            assert [one["name"] for one in found["users"]] == names, query
        shared = (await bob.ask("POST", "/workspaces", json={"name": "Team"}))["workspace_id"]
        await bob.ask("PUT", f"/workspaces/{shared}/members/cleo", json={"role": "editor"})
        listed = (await ada.ask("GET", "/users"))["users"]
        assert {one["name"]: one["sole_workspaces"] for one in listed} == {
            "Ada": 1,
            "Bob": 1,
            "cleo": 1,
        }
        deleted = await ada.ask("DELETE", f"/users/{cleo.user_id}")
        assert deleted["erased_workspaces"] == 1
