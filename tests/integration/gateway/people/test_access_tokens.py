"""Access tokens of programs."""

from typing import Any

import pytest

from common.postgres import Database
from tests.integration.gateway.accounts import Person, program
from tests.integration.gateway.conftest import Running


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
