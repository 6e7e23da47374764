"""Ways to sign in, through the JSON API of a gateway with AUTH_MODE=accounts."""

import pytest

from common.postgres import Database
from gateway.accounts.one_time_tokens import OneTimeTokens, Purpose
from gateway.accounts.users import Users
from gateway.sessions.session import utc_now
from tests.integration.gateway.accounts import (
    PASSWORD,
    Person,
    ago,
    first_administrator,
    new_user,
    program,
    setup_token,
)
from tests.integration.gateway.conftest import MakeGateway, Running

OTHER = "another long password"


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

    async def test_administrators_with_a_password_do_not_need_the_provider(
        self, ada: Person, make_gateway: MakeGateway
    ) -> None:
        away = {"id": "away", "issuer": "http://127.0.0.1:9", "client_id": "x", "name": "Away"}
        async with (
            make_gateway(auth_mode="accounts", oidc_providers=[away]) as running,
            running.client() as client,
        ):
            assert (await client.get("/api/auth/oidc/away/start")).status_code == 503
            body = {"name": "Ada", "password": PASSWORD}
            response = await client.post("/api/auth/sign-in", json=body)
            assert response.status_code == 200
            assert response.json()["data"]["user"]["user_id"] == ada.user_id
            assert (await client.get("/api/users")).status_code == 200

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

    async def test_name_and_address_of_a_user_are_locked_together(
        self, closed: Running, bob: Person
    ) -> None:
        async with closed.client() as client:
            for name in ("Bob", "bob@example.org", "BOB"):
                body = {"name": name, "password": "wrong password"}
                assert (await client.post("/api/auth/sign-in", json=body)).status_code == 401
            for name in ("bob@example.org", "Bob"):
                body = {"name": name, "password": PASSWORD}
                assert (await client.post("/api/auth/sign-in", json=body)).status_code == 503

    async def test_a_hash_made_again_never_replaces_a_new_password(
        self, bob: Person, database: Database
    ) -> None:
        """The password may change while an outdated hash of it is being made again."""
        async with database.transaction() as connection:
            users = Users(connection)
            stored = await users.password_of(bob.user_id)
            assert stored is not None
            assert await users.replace_hash(bob.user_id, stored, "again")
            assert not await users.replace_hash(bob.user_id, stored, "late")
            assert await users.password_of(bob.user_id) == "again"

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
