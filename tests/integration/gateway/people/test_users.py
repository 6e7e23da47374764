"""Users, as administrators and operators see and change them."""

import asyncio

import httpx2
import pytest

from common.errors import ConflictError
from common.postgres import Database
from gateway.accounts import commands
from gateway.accounts.users import UserChange, Users
from gateway.sessions.session import utc_now
from tests.integration.gateway.accounts import PASSWORD, Person, program
from tests.integration.gateway.conftest import Running, until

OTHER = "another long password"


async def waiting(database: Database) -> int:
    """Return the number of statements waiting for locks of others."""
    found = await database.fetch_one(
        "SELECT count(*) AS count FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    assert found is not None
    return int(found["count"])


class TestUsers:
    async def test_administrators_manage_users(self, ada: Person, bob: Person) -> None:
        listed = await ada.ask("GET", "/users")
        assert [one["name"] for one in listed["users"]] == ["Ada", "Bob"]
        changed = await ada.ask("PUT", f"/users/{bob.user_id}", json={"display_name": "Robert"})
        assert changed["display_name"] == "Robert"
        assert changed["email"] == "bob@example.org"
        assert await ada.refused("POST", "/users", json={"name": "bob"}) == 409
        assert await ada.refused("POST", "/users", json={"name": "a\u200bb"}) == 400
        assert (
            await ada.refused("POST", "/users", json={"name": "X", "email": "BOB@example.org"})
            == 409
        )

    async def test_others_do_not(self, ada: Person, bob: Person) -> None:
        assert await bob.refused("GET", "/users") == 403
        assert await bob.refused("POST", "/users", json={"name": "Eve"}) == 403
        assert await bob.refused("PUT", f"/users/{ada.user_id}", json={"disabled": True}) == 403
        assert await bob.refused("DELETE", f"/users/{ada.user_id}") == 403
        assert await bob.refused("POST", f"/users/{ada.user_id}/reset-link") == 403

    async def test_disabled_users_are_out_at_once(
        self, closed: Running, ada: Person, bob: Person
    ) -> None:
        async with program(closed, bob, ["read"]) as robot:
            assert (await robot.get("/api/sessions/current")).status_code == 200
            await ada.ask("PUT", f"/users/{bob.user_id}", json={"disabled": True})
            assert await bob.refused("GET", "/auth/me") == 401
            assert (await robot.get("/api/sessions/current")).status_code == 401
        async with closed.client() as client:
            body = {"name": "Bob", "password": PASSWORD}
            assert (await client.post("/api/auth/sign-in", json=body)).status_code == 401
            await ada.ask("PUT", f"/users/{bob.user_id}", json={"disabled": False})
            assert (await client.post("/api/auth/sign-in", json=body)).status_code == 200

    async def test_the_last_administrator_stays(self, ada: Person, bob: Person) -> None:
        for change in ({"administrator": False}, {"disabled": True}):
            assert await ada.refused("PUT", f"/users/{ada.user_id}", json=change) == 409
        assert await ada.refused("DELETE", f"/users/{ada.user_id}") == 409
        await ada.ask("PUT", f"/users/{bob.user_id}", json={"administrator": True})
        await ada.ask("PUT", f"/users/{ada.user_id}", json={"administrator": False})
        assert await ada.refused("GET", "/users") == 403
        assert (await bob.ask("GET", "/users"))["users"][0]["administrator"] is False

    async def test_entries_about_users_concern_the_deployment(
        self, ada: Person, bob: Person
    ) -> None:
        await ada.ask("POST", f"/users/{bob.user_id}/reset-link")
        expected = {"user.create", "user.create_reset_link", "account.reset_password"}

        async def about_bob(scope: str) -> set[str]:
            entries = (await ada.ask("GET", f"/audit{scope}"))["entries"]
            targets = [(one["action"], one["target"] or {}) for one in entries]
            return {action for action, target in targets if target.get("ids") == [bob.user_id]}

        async def noted() -> bool:
            return await about_bob("?deployment=true") == expected

        await until(noted)
        assert await about_bob("") == set()

    async def test_one_of_two_administrators_stays(
        self, ada: Person, bob: Person, database: Database
    ) -> None:
        await ada.ask("PUT", f"/users/{bob.user_id}", json={"administrator": True})
        change = UserChange(administrator=False)
        async with database.transaction() as connection:
            users = Users(connection)
            assert await users.administrators(besides=ada.user_id) == 1
            await users.change(ada.user_id, change, utc_now())
            other = asyncio.create_task(
                bob.client.put(f"/api/users/{bob.user_id}", json={"administrator": False})
            )

            async def stopped() -> bool:
                return other.done() or await waiting(database) > 0

            await until(stopped)
        assert (await other).status_code == 409

    async def test_deleting_a_user_erases_what_nobody_else_has(
        self, ada: Person, bob: Person, database: Database
    ) -> None:
        shared = (await bob.ask("POST", "/workspaces", json={"name": "Team"}))["workspace_id"]
        await bob.ask("PUT", f"/workspaces/{shared}/members/Ada", json={"role": "editor"})
        assert await bob.refused("DELETE", f"/users/{bob.user_id}") == 409
        await bob.ask("PUT", f"/workspaces/{shared}/members/Ada", json={"role": "manager"})
        assert await bob.ask("DELETE", f"/users/{bob.user_id}") == {
            "user_id": bob.user_id,
            "erased_workspaces": 1,
        }
        assert await bob.refused("GET", "/auth/me") == 401
        rows = await database.fetch_all("SELECT workspace_id, reason FROM ended_workspaces")
        assert rows == [{"workspace_id": bob.workspace_id, "reason": "workspace deleted"}]
        members = await ada.ask("GET", f"/workspaces/{shared}/members")
        assert [one["name"] for one in members["members"]] == ["Ada"]


class TestCommands:
    async def test_the_setup_token_is_for_a_deployment_without_users(
        self, closed: Running, database: Database
    ) -> None:
        earlier = await commands.setup_token(database)
        made = await commands.setup_token(database)
        async with closed.client() as client:
            for token, status in ((earlier.token, 401), (made.token, 201)):
                body = {"setup_token": token, "name": "Ada", "password": PASSWORD}
                assert (await client.post("/api/auth/setup", json=body)).status_code == status
        with pytest.raises(ConflictError, match="reset-administrator"):
            await commands.setup_token(database)

    async def test_an_administrator_who_is_out_gets_back_in(
        self, closed: Running, ada: Person, bob: Person, database: Database
    ) -> None:
        await ada.ask("PUT", f"/users/{bob.user_id}", json={"disabled": True})
        for name in ("bob", "Zoe"):
            made = await commands.reset_administrator(database, name)
            async with closed.client() as client:
                body = {"reset_token": made.token, "new_password": OTHER}
                data = (await client.post("/api/auth/reset", json=body)).json()["data"]
                assert data["user"]["administrator"] is True
                assert data["user"]["disabled"] is False
        users = (await ada.ask("GET", "/users"))["users"]
        assert [one["name"] for one in users] == ["Ada", "Bob", "Zoe"]


async def test_in_the_open_mode_nobody_signs_in(running: Running) -> None:
    async with running.client() as client:
        providers = (await client.get("/api/auth/providers")).json()["data"]
        assert providers["mode"] == "open"
        assert "set-cookie" not in (await client.get("/api/auth/providers")).headers
        answers: list[httpx2.Response] = [
            await client.post("/api/auth/sign-in", json={"name": "a", "password": "b"}),
            await client.get("/api/auth/me"),
            await client.get("/api/users"),
            await client.get("/api/workspaces"),
            await client.get("/api/tokens"),
        ]
    assert {one.status_code for one in answers} == {409}


async def test_a_sign_in_without_its_user_is_nobodys(
    closed: Running, ada: Person, database: Database
) -> None:
    """Otherwise it would pass for an open session, with every right."""
    await database.execute("UPDATE sessions SET user_id = NULL WHERE kind = 'sign_in'")
    async with closed.client() as client:
        headers = {"Authorization": f"Bearer {ada.token}"}
        assert (await client.get("/api/auth/me", headers=headers)).status_code == 401
        assert (await client.get("/api/transcriptions", headers=headers)).status_code == 401
