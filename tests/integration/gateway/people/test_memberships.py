"""Members of workspaces and their roles."""

from typing import Any

import grpc.aio

from common.postgres import Database
from common.signing import CallSigner, digest_of
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.gateway.accounts import PASSWORD, Person, program
from tests.integration.gateway.conftest import SECRET, Running

#: Nothing is sent to it.
_WEBHOOK = {"url": "https://1.1.1.1/", "events": ["job.completed"]}


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

    async def test_erasing_what_a_workspace_owns_leaves_its_members(
        self, closed: Running, ada: Person, bob: Person, database: Database
    ) -> None:
        """The transcriber erases transcriptions and asks the gateway for the rest."""
        await bob.ask("POST", "/webhooks", json=_WEBHOOK)
        request = session_pb2.EndSessionsRequest(owner=bob.workspace_id)
        signed = CallSigner(SECRET, "transcriber").sign(
            "gateway",
            "/securetranscribe.v1.SessionService/EndSessions",
            digest=digest_of(request.SerializeToString()),
        )
        async with grpc.aio.insecure_channel(closed.grpc_address) as channel:
            service = session_pb2_grpc.SessionServiceStub(channel)
            answer = await service.EndSessions(request, metadata=tuple(signed.items()))
        assert list(answer.lasting_workspace_ids) == [bob.workspace_id]
        assert await bob.refused("GET", "/auth/me") == 401
        left = await database.fetch_all(
            "SELECT FROM webhooks WHERE workspace_id = %s", (bob.workspace_id,)
        )
        assert left == []
        async with closed.client() as client:
            body = {"name": "Bob", "password": PASSWORD}
            data = (await client.post("/api/auth/sign-in", json=body)).json()["data"]
        assert data["workspace"]["workspace_id"] == bob.workspace_id
        assert data["workspace"]["role"] == "manager"

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
