"""Who reads and changes the settings of workspaces, through a real gateway."""

from collections.abc import AsyncIterator

import grpc.aio
import pytest

from common.errors import AuthorizationError, NotFoundError
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import identity_pb2, identity_pb2_grpc
from tests.integration.gateway.accounts import (
    Person,
    first_administrator,
    new_user,
    program,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.peers import Peers

RETENTION = {"trash_days": 1, "recording_hours": 0.5}
QUOTAS = {"stored_bytes": 5000, "queued_minutes": 30, "queue_weight": 2}


@pytest.fixture(autouse=True)
async def nobody(database: Database, peers: Peers) -> AsyncIterator[None]:
    """Begin and end without any user and any settings."""
    await start_over(database)
    peers.workspace_settings.own.clear()
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


@pytest.fixture
async def bob(closed: Running, ada: Person) -> AsyncIterator[Person]:
    """The manager of a workspace."""
    async with new_user(closed, ada, "Bob") as one:
        yield one


def path_of(person: Person) -> str:
    return f"/workspaces/{person.workspace_id}/settings"


async def test_managers_change_retention(bob: Person) -> None:
    shown = await bob.ask("GET", path_of(bob))
    assert shown["own"] == dict.fromkeys(shown["own"])
    assert shown["deployment"] == {
        "recording_hours": 1,
        "unprocessed_days": 7,
        "transcription_days": None,
        "trash_days": 7,
        "voice_memory": True,
        "stored_bytes": 10_000,
        "queued_minutes": 120,
        "queue_weight": 1,
    }
    assert shown["used"] == {"stored_bytes": 512, "queued_minutes": 1.5}
    assert shown["least_transcription_days"] == 7
    changed = await bob.ask("PUT", path_of(bob), json={**RETENTION, "voice_memory": False})
    own = {name: value for name, value in changed["own"].items() if value is not None}
    assert own == {**RETENTION, "voice_memory": False}
    assert changed["effective"]["recording_hours"] == 0.5
    assert changed == await bob.ask("GET", path_of(bob))
    # null means the deployment's setting again, and absent fields stay.
    again = await bob.ask("PUT", path_of(bob), json={"trash_days": None})
    assert again["own"]["trash_days"] is None
    assert again["own"]["voice_memory"] is False


async def test_administrators_change_quotas_of_any_workspace(ada: Person, bob: Person) -> None:
    assert await bob.refused("PUT", path_of(bob), json=QUOTAS) == 403
    assert await bob.refused("PUT", path_of(bob), json={**RETENTION, "queue_weight": 2}) == 403
    changed = await ada.ask("PUT", path_of(bob), json=QUOTAS)
    assert {name: changed["own"][name] for name in QUOTAS} == QUOTAS
    assert (await ada.ask("GET", path_of(bob)))["used"]["stored_bytes"] == 512
    # Retention is for the workspace's own managers.
    assert await ada.refused("PUT", path_of(bob), json=RETENTION) == 404
    await ada.ask("PUT", path_of(ada), json={**RETENTION, **QUOTAS})
    assert await ada.refused("GET", "/workspaces/workspace_nowhere/settings") == 404
    assert await ada.refused("PUT", "/workspaces/workspace_nowhere/settings", json=QUOTAS) == 404


async def test_other_members_only_read(closed: Running, ada: Person, bob: Person) -> None:
    async with new_user(closed, ada, "Cleo") as cleo:
        assert await cleo.refused("GET", path_of(bob)) == 404
        assert await cleo.refused("PUT", path_of(bob), json=RETENTION) == 404
        for role in ("viewer", "editor"):
            members = f"/workspaces/{bob.workspace_id}/members/{cleo.user_id}"
            await bob.ask("PUT", members, json={"role": role})
            await cleo.ask("GET", path_of(bob))
            assert await cleo.refused("PUT", path_of(bob), json=RETENTION) == 403


async def test_programs_need_the_scopes(closed: Running, ada: Person, bob: Person) -> None:
    path = f"/api{path_of(bob)}"
    async with program(closed, bob, ["read", "write"]) as robot:
        assert (await robot.get(path)).status_code == 200
        assert (await robot.put(path, json=RETENTION)).status_code == 403
    async with program(closed, bob, ["admin"]) as robot:
        assert (await robot.put(path, json=RETENTION)).status_code == 200
        assert (await robot.put(path, json=QUOTAS)).status_code == 403
        # A token is for one workspace.
        assert (await robot.put(f"/api{path_of(ada)}", json=RETENTION)).status_code == 404
    async with program(closed, ada, ["admin"]) as robot:
        assert (await robot.put(path, json=QUOTAS)).status_code == 200
    async with program(closed, ada, ["read", "write", "export"]) as robot:
        assert (await robot.put(path, json=QUOTAS)).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"trash_days": 8}, "trash_days"),
        ({"trash_days": -1}, "trash_days"),
        ({"queue_weight": "much"}, "queue_weight"),
    ],
)
async def test_invalid_changes_name_their_field(bob: Person, body: object, field: str) -> None:
    answer = await bob.client.put(f"/api{path_of(bob)}", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"]["field"] == field


async def test_native_clients_have_the_same_rights(
    closed: Running, ada: Person, bob: Person
) -> None:
    settings = identity_pb2.WorkspaceSettings(queue_weight=3.0)
    request = identity_pb2.UpdateWorkspaceSettingsRequest(
        workspace_id=bob.workspace_id, settings=settings
    )
    request.update_mask.paths.append("queue_weight")
    read = identity_pb2.GetWorkspaceSettingsRequest(workspace_id=bob.workspace_id)

    def known(person: Person) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {person.token}"),)

    async with grpc.aio.insecure_channel(closed.grpc_address) as channel:
        stub = identity_pb2_grpc.WorkspaceServiceStub(channel)
        with pytest.raises(AuthorizationError):
            await unwrap(stub.UpdateWorkspaceSettings(request, metadata=known(bob)))
        done = await unwrap(stub.UpdateWorkspaceSettings(request, metadata=known(ada)))
        assert done.settings.own.queue_weight == 3.0
        assert await unwrap(stub.GetWorkspaceSettings(read, metadata=known(bob))) == (
            identity_pb2.GetWorkspaceSettingsResponse(settings=done.settings)
        )
        foreign = identity_pb2.GetWorkspaceSettingsRequest(workspace_id=ada.workspace_id)
        with pytest.raises(NotFoundError):
            await unwrap(stub.GetWorkspaceSettings(foreign, metadata=known(bob)))


async def test_without_accounts_there_are_no_settings(running: Running) -> None:
    async with running.client() as client:
        answer = await client.get("/api/workspaces/any/settings")
    assert answer.status_code == 409
