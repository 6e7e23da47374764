"""Accounts through the JSON API of a real gateway with AUTH_MODE=accounts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from common.errors import ConflictError
from common.postgres import Database
from gateway.accounts import commands
from gateway.accounts.one_time_tokens import OneTimeTokens, Purpose
from gateway.accounts.users import UserChange, Users
from gateway.sessions.session import utc_now
from tests.integration.gateway.accounts import (
    PASSWORD,
    Person,
    ago,
    first_administrator,
    new_user,
    program,
    setup_token,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running, until

OTHER = "another long password"


@pytest.fixture(autouse=True)
async def nobody(database: Database) -> AsyncIterator[None]:
    """Begin and end without any user."""
    await start_over(database)
    yield
    await start_over(database)


@pytest.fixture(scope="module")
async def closed(make_gateway: MakeGateway) -> AsyncIterator[Running]:
    """A gateway where people sign in."""
    async with make_gateway(auth_mode="accounts", lockout_attempts=3) as one:
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


async def waiting(database: Database) -> int:
    """Return the number of statements waiting for locks of others."""
    found = await database.fetch_one(
        "SELECT count(*) AS count FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    assert found is not None
    return int(found["count"])


class TestWithoutCredentials:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/transcription/list"),
            ("GET", "/api/sessions/current"),
            ("POST", "/api/sessions/create"),
            ("GET", "/api/auth/me"),
            ("GET", "/api/queue/status"),
            ("POST", "/api/sessions/resume"),
        ],
    )
    async def test_requests_are_told_to_sign_in(
        self, closed: Running, method: str, path: str
    ) -> None:
        async with closed.client() as client:
            response = await client.request(method, path)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "AUTHENTICATION_ERROR"
        assert "Sign in" in response.json()["error"]["message"]
        assert "set-cookie" not in response.headers

    async def test_a_stale_cookie_gets_no_session(self, closed: Running) -> None:
        async with closed.client(cookies={"session_token": "x" * 43}) as client:
            response = await client.get("/api/sessions/current")
        assert response.status_code == 401
        assert "x-session-replaced" not in response.headers

    async def test_guests_of_the_audio_api_are_refused(self, closed: Running) -> None:
        async with closed.client() as client:
            files = {"file": ("a.wav", b"RIFF", "audio/wav")}
            response = await client.post(
                "/v1/audio/transcriptions", files=files, data={"model": "whisper-1"}
            )
        assert response.status_code == 401

    async def test_ways_to_sign_in_are_public(self, closed: Running, database: Database) -> None:
        async with closed.client() as client:
            before = (await client.get("/api/auth/providers")).json()["data"]
            assert before == {
                "mode": "accounts",
                "setup_required": True,
                "passwords": True,
                "providers": [],
            }
            async with first_administrator(closed, database):
                after = (await client.get("/api/auth/providers")).json()["data"]
        assert after["setup_required"] is False


class TestSetup:
    async def test_the_first_administrator_signs_in_at_once(self, ada: Person) -> None:
        account = await ada.ask("GET", "/auth/me")
        assert account["user"]["administrator"] is True
        assert account["user"]["name"] == "Ada"
        assert [one["role"] for one in account["workspaces"]] == ["manager"]
        assert account["workspaces"][0]["active"] is True
        session = await ada.ask("GET", "/sessions/current")
        assert session["is_authenticated"] is True
        assert session["user_identifier"] == "Ada"
        assert session["kept_until"] is None

    async def test_a_setup_token_works_once_and_only_without_users(
        self, closed: Running, ada: Person, database: Database
    ) -> None:
        body = {"name": "Eve", "password": PASSWORD}
        async with closed.client() as client:
            for token, status in (("x" * 43, 401), (await setup_token(database), 409)):
                response = await client.post("/api/auth/setup", json={"setup_token": token, **body})
                assert response.status_code == status

    @pytest.mark.parametrize(
        "password", ["short", "x" * 257, "aaaaaaaaaaaaaaaa", "ada@example.org", "a" * 2000]
    )
    async def test_passwords_that_are_not_permitted(
        self, closed: Running, database: Database, password: str
    ) -> None:
        body = {
            "setup_token": await setup_token(database),
            "name": "Ada",
            "email": "ada@example.org",
            "password": password,
        }
        async with closed.client() as client:
            assert (await client.post("/api/auth/setup", json=body)).status_code == 400
            body["password"] = PASSWORD
            assert (await client.post("/api/auth/setup", json=body)).status_code == 201


class TestSignIn:
    @pytest.mark.parametrize("name", ["Bob", " bob ", "BOB@example.org", "Ｂｏｂ"])
    async def test_by_name_or_email(self, closed: Running, bob: Person, name: str) -> None:
        async with closed.client() as client:
            body = {"name": name, "password": PASSWORD}
            response = await client.post("/api/auth/sign-in", json=body)
            assert response.status_code == 200
            data = response.json()["data"]
            assert data["user"]["user_id"] == bob.user_id
            assert data["workspace"]["workspace_id"] == bob.workspace_id
            assert data["session_token"] != bob.token
            assert "HttpOnly" in response.headers["set-cookie"]
            me = await client.get("/api/auth/me")
            assert me.json()["data"]["user"]["user_id"] == bob.user_id

    async def test_wrong_names_and_passwords_look_the_same(
        self, closed: Running, bob: Person
    ) -> None:
        async with closed.client() as client:
            answers = [
                await client.post("/api/auth/sign-in", json={"name": name, "password": password})
                for name, password in (("Bob", "wrong password"), ("Nobody", PASSWORD))
            ]
        assert [one.status_code for one in answers] == [401, 401]
        first, second = (one.json()["error"] for one in answers)
        assert first == second

    @pytest.mark.parametrize("name", ["Bob", "Nobody"])
    async def test_a_name_is_locked_after_failures(
        self, closed: Running, bob: Person, database: Database, name: str
    ) -> None:
        async with closed.client() as client:
            body = {"name": name, "password": "wrong password"}
            for _ in range(3):
                assert (await client.post("/api/auth/sign-in", json=body)).status_code == 401
            locked = await client.post("/api/auth/sign-in", json=body | {"password": PASSWORD})
            assert locked.status_code == 503
            assert 0 < int(locked.headers["retry-after"]) <= 900
            await database.execute("UPDATE sign_in_failures SET expires_at = now()")
            free = await client.post("/api/auth/sign-in", json=body | {"password": PASSWORD})
            assert free.status_code == (200 if name == "Bob" else 401)

    async def test_writings_of_an_address_are_locked_together(
        self, closed: Running, ada: Person
    ) -> None:
        async with new_user(closed, ada, "Vivi", email="vivi@example.org"), closed.client() as one:
            # The database takes a dotted capital I for an i, and the lock does not.
            body = {"name": "V\u0130VI@example.org", "password": PASSWORD}
            assert (await one.post("/api/auth/sign-in", json=body)).status_code == 401
            body["name"] = "VIVI@EXAMPLE.ORG"
            assert (await one.post("/api/auth/sign-in", json=body)).status_code == 200

    async def test_success_clears_the_failures(self, closed: Running, bob: Person) -> None:
        async with closed.client() as client:
            for password in ("wrong password", "wrong password", PASSWORD) * 2:
                body = {"name": "Bob", "password": password}
                status = (await client.post("/api/auth/sign-in", json=body)).status_code
                assert status == (200 if password == PASSWORD else 401)

    async def test_it_begins_in_the_workspace_of_the_person_and_not_of_a_program(
        self, closed: Running, bob: Person
    ) -> None:
        other = await bob.ask("POST", "/workspaces", json={"name": "Other"})
        there = {"workspace_id": other["workspace_id"]}
        async with program(closed, bob, ["read", "write"], **there) as robot:
            made = await robot.post("/api/sessions/create", json={})
            assert made.status_code == 201, made.text
        async with closed.client() as client:
            body = {"name": "Bob", "password": PASSWORD}
            data = (await client.post("/api/auth/sign-in", json=body)).json()["data"]
        assert data["workspace"]["workspace_id"] == bob.workspace_id

    async def test_foreign_pages_cannot_sign_anybody_in(self, closed: Running, bob: Person) -> None:
        async with closed.client(headers={"origin": "https://evil.example"}) as client:
            body = {"name": "Bob", "password": PASSWORD}
            assert (await client.post("/api/auth/sign-in", json=body)).status_code == 403

    async def test_sign_out_ends_the_session(self, closed: Running, bob: Person) -> None:
        await bob.ask("POST", "/auth/sign-out")
        async with closed.client(headers={"authorization": f"Bearer {bob.token}"}) as client:
            assert (await client.get("/api/auth/me")).status_code == 401

    async def test_preferences_last_over_sign_ins(self, closed: Running, bob: Person) -> None:
        await bob.ask("PUT", "/sessions/current", json={"preferences": {"default_language": "de"}})
        async with closed.client() as client:
            body = {"name": "Bob", "password": PASSWORD}
            await client.post("/api/auth/sign-in", json=body)
            session = (await client.get("/api/sessions/current")).json()["data"]
        assert session["preferences"]["default_language"] == "de"

    async def test_a_sign_in_ends_without_use_and_at_its_longest(
        self, closed: Running, bob: Person, database: Database
    ) -> None:
        read = "SELECT expires_at, ends_at, idle FROM sessions WHERE session_id = %s"
        session = (await bob.ask("GET", "/sessions/current"))["session_id"]
        row = await database.fetch_one(read, (session,))
        assert row is not None
        assert 43000 < (row["expires_at"] - utc_now()).total_seconds() <= 43200
        ends = ago(hours=-1)
        await database.execute(
            "UPDATE sessions SET ends_at = %s WHERE session_id = %s", (ends, session)
        )
        extended = await bob.ask("POST", "/sessions/extend", json={"hours": 24})
        assert extended["expires_at"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")


class TestClaim:
    async def test_an_open_workspace_becomes_the_users(
        self, make_gateway: MakeGateway, database: Database
    ) -> None:
        async with make_gateway() as open_one, open_one.client() as visitor:
            made = (await visitor.post("/api/sessions/create")).json()["data"]
        async with (
            make_gateway(auth_mode="accounts") as closed,
            first_administrator(closed, database) as ada,
            new_user(closed, ada, "Bob") as bob,
            closed.client(cookies={"session_token": made["session_token"]}) as client,
        ):
            assert (await client.get("/api/transcription/list")).status_code == 401
            body = {"name": "Bob", "password": PASSWORD}
            data = (await client.post("/api/auth/sign-in", json=body)).json()["data"]
            assert data["claimed"] is True
            assert data["workspace"]["workspace_id"] == made["session_id"]
            assert data["workspace"]["role"] == "manager"
            workspaces = await bob.ask("GET", "/workspaces")
            assert {one["workspace_id"] for one in workspaces["workspaces"]} == {
                made["session_id"],
                bob.workspace_id,
            }
            again = await ada.client.post(
                "/api/auth/sign-in",
                json={"name": "Ada", "password": PASSWORD},
                headers={"authorization": f"Bearer {made['session_token']}"},
            )
            assert again.json()["data"]["claimed"] is False
            await database.execute("UPDATE sessions SET expires_at = now() WHERE kind = 'open'")
            await _sweep(closed)
            row = await database.fetch_one("SELECT count(*) AS count FROM ended_workspaces")
            assert row == {"count": 0}

    async def test_nothing_is_claimed_against_the_users_will(
        self, make_gateway: MakeGateway, database: Database
    ) -> None:
        async with make_gateway() as open_one, open_one.client() as visitor:
            made = (await visitor.post("/api/sessions/create")).json()["data"]
        async with (
            make_gateway(auth_mode="accounts") as closed,
            first_administrator(closed, database),
            closed.client(cookies={"session_token": made["session_token"]}) as client,
        ):
            body = {"name": "Ada", "password": PASSWORD, "claim": False}
            data = (await client.post("/api/auth/sign-in", json=body)).json()["data"]
            assert data["claimed"] is False


async def _sweep(running: Running) -> None:
    for step in running.gateway.background().steps:
        if step.name in ("sessions", "workspaces"):
            await step.step()


class TestPasswords:
    async def test_a_change_ends_other_sign_ins(self, closed: Running, bob: Person) -> None:
        async with closed.client() as other:
            await other.post("/api/auth/sign-in", json={"name": "Bob", "password": PASSWORD})
            wrong = {"current_password": OTHER, "new_password": OTHER}
            assert await bob.refused("POST", "/auth/password", json=wrong) == 400
            right = {"current_password": PASSWORD, "new_password": OTHER}
            await bob.ask("POST", "/auth/password", json=right)
            assert (await other.get("/api/auth/me")).status_code == 401
            assert (await bob.ask("GET", "/auth/me"))["user"]["name"] == "Bob"
            body = {"name": "Bob", "password": PASSWORD}
            assert (await other.post("/api/auth/sign-in", json=body)).status_code == 401
            body["password"] = OTHER
            assert (await other.post("/api/auth/sign-in", json=body)).status_code == 200

    async def test_a_link_works_once_and_replaces_earlier_ones(
        self, closed: Running, ada: Person, bob: Person, database: Database
    ) -> None:
        earlier = await ada.ask("POST", f"/users/{bob.user_id}/reset-link")
        link = await ada.ask("POST", f"/users/{bob.user_id}/reset-link")
        assert link["path"] == f"/reset#{link['reset_token']}"
        async with closed.client() as client:

            async def reset(token: str, password: str = OTHER) -> int:
                body = {"reset_token": token, "new_password": password}
                return (await client.post("/api/auth/reset", json=body)).status_code

            assert await reset(earlier["reset_token"]) == 401
            assert await reset(link["reset_token"], "short") == 400
            assert await reset(link["reset_token"]) == 200
            assert await reset(link["reset_token"]) == 401
            assert await bob.refused("GET", "/auth/me") == 401
            async with database.transaction() as connection:
                late = await OneTimeTokens(connection).make(
                    Purpose.PASSWORD, ago(days=4), utc_now() - ago(days=3), bob.user_id
                )
            assert await reset(late.token) == 401

    async def test_only_hashes_are_stored(self, bob: Person, database: Database) -> None:
        rows = await database.fetch_all("SELECT * FROM users")
        assert all(row["password_hash"].startswith("$argon2id$") for row in rows)
        for table in ("users", "sessions", "account_links", "sign_in_failures"):
            found = await database.fetch_one(
                f"SELECT string_agg(t::text, '') AS text FROM {table} t"
            )
            assert found is not None
            assert PASSWORD not in (found["text"] or "")
            assert bob.token not in (found["text"] or "")


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


class TestWorkspaces:
    async def test_roles_take_effect_in_the_next_request(self, ada: Person, bob: Person) -> None:
        path = f"/workspaces/{ada.workspace_id}/members/Bob"
        assert await bob.refused("POST", f"/workspaces/{ada.workspace_id}/switch") == 404
        for role in ("viewer", "editor", "manager"):
            member = await ada.ask("PUT", path, json={"role": role})
            assert (member["role"], member["user_id"]) == (role, bob.user_id)
            if role == "viewer":
                await bob.switch(ada.workspace_id)
            listed = await bob.ask("GET", "/workspaces")
            assert {one["workspace_id"]: one["role"] for one in listed["workspaces"]}[
                ada.workspace_id
            ] == role
            rename = {"name": f"by a {role}"}
            address = f"/workspaces/{ada.workspace_id}"
            if role == "manager":
                assert (await bob.ask("PUT", address, json=rename))["name"] == "by a manager"
            else:
                assert await bob.refused("PUT", address, json=rename) == 403
        await ada.ask("DELETE", f"/workspaces/{ada.workspace_id}/members/{bob.user_id}")
        assert await bob.refused("PUT", f"/workspaces/{ada.workspace_id}", json=rename) == 404
        account = await bob.ask("GET", "/auth/me")
        assert [one["active"] for one in account["workspaces"]] == [False]

    async def test_foreign_workspaces_look_as_if_they_did_not_exist(
        self, ada: Person, bob: Person
    ) -> None:
        for workspace in (ada.workspace_id, "workspace_nothing"):
            address = f"/workspaces/{workspace}"
            requests: list[tuple[str, str, Any]] = [
                ("PUT", address, {"name": "x"}),
                ("DELETE", address, None),
                ("POST", f"{address}/switch", None),
                ("GET", f"{address}/members", None),
                ("PUT", f"{address}/members/Bob", {"role": "manager"}),
                ("DELETE", f"{address}/members/{ada.user_id}", None),
            ]
            for method, path, body in requests:
                assert await bob.refused(method, path, json=body) == 404, (method, path)

    async def test_a_workspace_keeps_a_manager(self, ada: Person, bob: Person) -> None:
        address = f"/workspaces/{ada.workspace_id}/members"
        await ada.ask("PUT", f"{address}/Bob", json={"role": "editor"})
        assert await ada.refused("DELETE", f"{address}/{ada.user_id}") == 409
        assert await ada.refused("PUT", f"{address}/Ada", json={"role": "viewer"}) == 409
        assert await ada.refused("PUT", f"{address}/Bob", json={"role": "commenter"}) == 400
        assert await ada.refused("PUT", f"{address}/Nobody", json={"role": "viewer"}) == 404
        await bob.ask("DELETE", f"{address}/{bob.user_id}")

    async def test_a_deleted_workspace_is_erased_and_left(
        self, closed: Running, ada: Person, bob: Person, database: Database
    ) -> None:
        team = (await ada.ask("POST", "/workspaces", json={"name": "Team"}))["workspace_id"]
        await ada.ask("PUT", f"/workspaces/{team}/members/bob", json={"role": "editor"})
        await bob.switch(team)
        async with program(closed, bob, ["read", "write"]) as robot:
            await ada.ask("DELETE", f"/workspaces/{team}")
            assert (await robot.get("/api/sessions/current")).status_code == 401
        account = await bob.ask("GET", "/auth/me")
        assert [one["active"] for one in account["workspaces"]] == [False]
        assert (await bob.ask("GET", "/sessions/current"))["is_active"] is True
        await bob.switch(bob.workspace_id)
        rows = await database.fetch_all("SELECT workspace_id FROM ended_workspaces")
        assert [row["workspace_id"] for row in rows] == [team]


class TestAccessTokens:
    async def test_a_token_has_its_scopes_and_workspace(
        self, closed: Running, bob: Person, database: Database
    ) -> None:
        body = {"name": "backup", "scopes": ["read", "export"], "expires_in_days": 7}
        made = await bob.ask("POST", "/tokens", json=body)
        assert made["secret"].startswith("sta_")
        assert made["access_token"]["hint"] == made["secret"][:8]
        assert made["access_token"]["last_used_at"] is None
        headers = {"authorization": f"Bearer {made['secret']}"}
        async with closed.client(headers=headers) as client:
            session = (await client.get("/api/sessions/current")).json()["data"]
            assert session["is_authenticated"] is True
            assert session["user_identifier"] == "Bob"
            me = (await client.get("/api/auth/me")).json()["data"]
            assert me["scopes"] == ["read", "export"]
            requests: list[tuple[str, str, Any]] = [
                ("POST", "/api/tokens", {"name": "more", "scopes": ["admin"]}),
                ("POST", "/api/workspaces", {"name": "more"}),
                ("PUT", f"/api/workspaces/{bob.workspace_id}", {"name": "more"}),
                ("POST", "/api/auth/password", {"current_password": "", "new_password": ""}),
                ("POST", "/api/auth/sign-out", None),
                ("DELETE", f"/api/users/{bob.user_id}", None),
            ]
            for method, path, body in requests:
                refused = await client.request(method, path, json=body)
                assert refused.status_code == 403, path
        (listed,) = (await bob.ask("GET", "/tokens"))["access_tokens"]
        assert listed["last_used_at"] is not None
        assert "secret" not in listed
        stored = await database.fetch_one("SELECT string_agg(s::text, '') AS t FROM sessions s")
        assert stored is not None
        assert made["secret"] not in stored["t"]

    async def test_revoking_ends_it_and_its_sessions(self, closed: Running, bob: Person) -> None:
        made = await bob.ask("POST", "/tokens", json={"name": "robot", "scopes": ["read"]})
        headers = {"authorization": f"Bearer {made['secret']}"}
        async with closed.client() as client:
            child = (await client.post("/api/sessions/create", headers=headers)).json()["data"]
            client.cookies.clear()
            derived = {"authorization": f"Bearer {child['session_token']}"}
            me = await client.get("/api/auth/me", headers=derived)
            assert me.json()["data"]["scopes"] == ["read"]
            refused = await client.post(
                "/api/tokens", headers=derived, json={"name": "x", "scopes": ["read"]}
            )
            assert refused.status_code == 403
            await bob.ask("DELETE", f"/tokens/{made['access_token']['token_id']}")
            for shown in (headers, derived):
                assert (await client.get("/api/auth/me", headers=shown)).status_code == 401
        assert (await bob.ask("GET", "/tokens"))["access_tokens"] == []

    async def test_managers_see_and_revoke_tokens_of_their_workspace(
        self, closed: Running, ada: Person, bob: Person
    ) -> None:
        await ada.ask("PUT", f"/workspaces/{ada.workspace_id}/members/Bob", json={"role": "editor"})
        body = {"name": "robot", "scopes": ["read"], "workspace_id": ada.workspace_id}
        token = (await bob.ask("POST", "/tokens", json=body))["access_token"]
        own = (await bob.ask("POST", "/tokens", json=body | {"workspace_id": None}))["access_token"]
        seen = (await ada.ask("GET", "/tokens"))["access_tokens"]
        assert [(one["token_id"], one["user_name"]) for one in seen] == [(token["token_id"], "Bob")]
        assert await ada.refused("DELETE", f"/tokens/{own['token_id']}") == 404
        await ada.ask("DELETE", f"/tokens/{token['token_id']}")
        (left,) = (await bob.ask("GET", "/tokens"))["access_tokens"]
        assert left["token_id"] == own["token_id"]

    async def test_tokens_end_with_the_membership(
        self, closed: Running, ada: Person, bob: Person
    ) -> None:
        members = f"/workspaces/{ada.workspace_id}/members"
        await ada.ask("PUT", f"{members}/Bob", json={"role": "viewer"})
        async with program(closed, bob, ["read"], workspace_id=ada.workspace_id) as robot:
            assert (await robot.get("/api/sessions/current")).status_code == 200
            await ada.ask("DELETE", f"{members}/{bob.user_id}")
            assert (await robot.get("/api/sessions/current")).status_code == 401

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "x", "scopes": []},
            {"name": "x", "scopes": ["everything"]},
            {"name": "", "scopes": ["read"]},
            {"name": "x", "scopes": ["read"], "expires_in_days": 0},
            {"name": "x", "scopes": ["read"], "expires_in_days": 4000},
        ],
    )
    async def test_invalid_tokens(self, bob: Person, body: dict[str, object]) -> None:
        assert await bob.refused("POST", "/tokens", json=body) == 400


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
