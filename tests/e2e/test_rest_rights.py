"""Every operation of the APIs, every WebSocket and every RPC, called by everybody.

They are members of a workspace, strangers, visitors and programs. `rest_rights.ROWS` has the right
that each operation needs. An operation without a row fails, and so does an RPC without a rule.
The tables of the audio API and of WebSockets are compared with the routes in a unit test.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest

from common.identity import Role, Scope
from common.rights import LEAST_ROLE, NEEDED_SCOPE, Right
from tests.e2e import openai_rights, rpc_rights, socket_rights
from tests.e2e.everybody import Caller, World, everybody, made, unique
from tests.e2e.rest_rights import ROWS, Reach, Row
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e
_SOME = frozenset({200, 201, 202, 204})
_VTT = b"WEBVTT\n\n00:00.000 --> 00:00.100\nHush.\n"


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles of the open stack alone, which these tests do not use."""


@pytest.fixture(scope="module")
def world(accounts: Stack, clip: bytes) -> Iterator[World]:
    """Make everybody and everything."""
    clients: list[httpx2.Client] = []

    def opened(token: str = "") -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        one = httpx2.Client(
            base_url=accounts.base_url, headers=headers, timeout=60, verify=accounts.encrypted
        )
        clients.append(one)
        return one

    try:
        yield everybody(accounts, opened, clip)
    finally:
        for client in clients:
            client.close()


def _permitted(role: Role | None, scope: Scope | None, right: Right | None) -> bool:
    if right is None:
        return True
    return role is not None and role >= LEAST_ROLE[right] and _in_scope(scope, right)


def _in_scope(scope: Scope | None, right: Right | None) -> bool:
    return scope is None or right is None or NEEDED_SCOPE[right] is scope


def expected(row: Row, caller: Caller) -> int | None:
    """Return the status of a refusal, None if the caller has the right."""
    reach, right = row.reach, row.right
    if reach is Reach.PUBLIC:
        return None
    if caller.nobody:
        return 401
    if reach is Reach.SESSION:
        return None if _in_scope(caller.scope, right) else 403
    if reach is Reach.TOKEN:
        return None if _permitted(caller.role, caller.scope, Right.MANAGE) else 404
    if caller.link:
        shown = reach is Reach.TRANSCRIPTION and _permitted(Role.VIEWER, None, right)
        return None if shown else 403
    if reach is Reach.USER:
        return None
    if reach is Reach.PERSON:
        return None if caller.scope is None else 403
    if row.people_only and caller.scope is not None:
        return 403
    if row.administrators and caller.administrator:
        return None
    if reach is Reach.ADMINISTRATOR:
        return None if caller.administrator else 403
    if caller.role is not None:
        needed = (right, row.also)
        return None if all(_permitted(caller.role, caller.scope, one) for one in needed) else 403
    if reach is Reach.ACTIVE:
        # In a workspace of their own, everybody is a manager.
        return None
    if caller.share is not None and reach in (Reach.TRANSCRIPTION, Reach.OWN_TRANSCRIPTION):
        shown = reach is Reach.TRANSCRIPTION and _permitted(caller.share, None, right)
        return None if shown else 403
    return 404


def _filled(value: Any, things: Mapping[str, Any]) -> Any:
    """Replace the names of things in a request."""
    if isinstance(value, dict):
        return {name: _filled(part, things) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, things) for part in value]
    if isinstance(value, str) and value.startswith("{"):
        return unique() if value == "{unique}" else things[value[1:-1]]
    return value


def _options(world: World, row: Row, things: Mapping[str, Any]) -> dict[str, Any]:
    if "{etag}" in str(row.request):
        page = world.manager.ask("GET", f"/transcription/{things['transcription_id']}/transcript")
        things = {**things, "etag": f'"{page["revision"]}"'}
    pair = {"audio": ("silence.wav", world.silence), "transcript": ("silence.vtt", _VTT)}
    things = {**things, "silence": {"file": ("silence.wav", world.silence)}, "pair": pair}
    return {name: _filled(value, things) for name, value in row.request.items()}


def _own_client(world: World, caller: Caller) -> httpx2.Client:
    """Return a client with another session of the caller, which a request ends."""
    if caller.link:
        opened = world.open().post("/api/shared/open", json={"token": world.link_token})
        return world.open(opened.json()["data"]["session_token"])
    return world.open(caller.ask("POST", "/sessions/create")["session_token"])


def _called(world: World, row: Row, caller: Caller, refusal: int | None) -> httpx2.Response:
    things = dict(world.things)
    if row.made and refusal is None:
        things |= made(world, row.made)
    http = _own_client(world, caller) if row.own_token and not caller.nobody else caller.http
    path = row.path.format(**things)
    return http.request(row.method, path, **_options(world, row, things))


def _problem(world: World, row: Row, caller: Caller) -> str | None:
    """Return how an answer differs from what the table says."""
    refusal = expected(row, caller)
    answer = _called(world, row, caller, refusal)
    about = f"{row.method} {row.path} {row.variant}".strip()
    owned = [world.things[name] for name in ("job_id", "upload_id", "capture_id")]
    # The audit log of strangers has the ids that they asked for themselves.
    audited = row.path.startswith("/api/audit")
    stranger = not (audited or caller.role or caller.share or caller.link)
    if stranger and any(one in answer.text for one in owned):
        return f"{about} by {caller.name} reveals things of another workspace"
    wanted = {refusal} if refusal else _SOME | row.passed
    if answer.status_code in wanted:
        return None
    return (
        f"{about} by {caller.name}: {answer.status_code} in place of {sorted(wanted)}: "
        f"{answer.text[:200]}"
    )


def test_every_operation_has_a_row(accounts: Stack) -> None:
    document = httpx2.get(f"{accounts.base_url}/openapi.json", timeout=60).json()
    operations = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    rows = [(row.operation, row.variant) for row in ROWS]
    assert len(set(rows)) == len(rows)
    assert operations == {row.operation for row in ROWS}


def test_callers_reach_exactly_what_they_have_a_right_to(world: World) -> None:
    problems = [
        problem
        for row in ROWS
        for caller in world.callers
        if (problem := _problem(world, row, caller)) is not None
    ]
    assert not problems, "\n".join(["", *problems])


def test_every_rpc_is_permitted_to_those_with_its_right_only(accounts: Stack, world: World) -> None:
    assert {method for method, _ in rpc_rights.methods()}
    problems = rpc_rights.problems(accounts, world)
    assert not problems, "\n".join(["", *problems])


def test_audio_api_is_open_to_those_with_its_rights_only(world: World) -> None:
    problems = openai_rights.problems(world)
    assert not problems, "\n".join(["", *problems])


def test_websockets_reach_what_their_callers_have_a_right_to_only(world: World) -> None:
    problems = socket_rights.problems(world)
    assert not problems, "\n".join(["", *problems])
