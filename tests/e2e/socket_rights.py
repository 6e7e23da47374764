"""The right that each WebSocket needs, and connections of everybody to it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from common.identity import Role, Scope
from common.rights import LEAST_ROLE, NEEDED_SCOPE, Right
from tests.e2e.everybody import Caller, World

_PATIENCE_SECONDS = 60.0
_PREFIXES = ("", "/api", "/api/v1")
_BEGIN = {"type": "begin", "encoding": "linear16", "sample_rate": 16000, "auto_start": False}


@dataclass(frozen=True, kw_only=True)
class Row:
    """The needs of a WebSocket, and the way to a thing of the workspace with it.

    `right` is needed in the caller's own workspace to connect. With `shared`, shares and links
    reach the thing too. `reaches` tells whether the thing is reached by a connection. `query` is
    part of the address, with the names of things.
    """

    right: Right
    reaches: Callable[[ClientConnection, Mapping[str, Any]], bool]
    shared: bool
    query: str = ""


def _watches(socket: ClientConnection, things: Mapping[str, Any]) -> bool:
    socket.send(json.dumps({"type": "watch", "transcription_id": things["transcription_id"]}))
    socket.send(json.dumps({"type": "ping"}))
    found = {message["type"] for message in _until(socket, "pong")}
    return "access_ended" not in found


def _resumes(socket: ClientConnection, things: Mapping[str, Any]) -> bool:
    body = {"type": "resume", "capture_id": things["live_capture_id"], "after_sequence": 0}
    socket.send(json.dumps(body))
    return bool(next(_messages(socket))["type"] == "begun")


def _follows(socket: ClientConnection, things: Mapping[str, Any]) -> bool:
    message = next(_messages(socket))
    # Whoever may read it is told that it is no live session.
    assert message["type"] == "error", (things["transcription_id"], message)
    return bool(message["data"]["code"] != "NOT_FOUND")


ROWS: Mapping[str, Row] = {
    **{
        f"{prefix}/ws": Row(right=Right.READ, reaches=_watches, shared=True) for prefix in _PREFIXES
    },
    **{
        f"{prefix}/ws/live": Row(right=Right.CREATE, reaches=_resumes, shared=False)
        for prefix in _PREFIXES
    },
    **{
        f"{prefix}/ws/live/follow": Row(
            right=Right.READ,
            reaches=_follows,
            shared=True,
            query="?transcription_id={transcription_id}",
        )
        for prefix in _PREFIXES
    },
}


def problems(world: World) -> list[str]:
    """Return the connections whose outcome differs from the row of their WebSocket."""
    with _connected(world.manager, "/ws/live") as socket:
        socket.send(json.dumps(_BEGIN))
        begun = next(_messages(socket))["data"]
        things = {**world.things, "live_capture_id": begun["capture"]["capture_id"]}
    return [
        problem
        for path, row in ROWS.items()
        for caller in world.callers
        if (problem := _problem(path, row, caller, things)) is not None
    ]


def _problem(path: str, row: Row, caller: Caller, things: Mapping[str, Any]) -> str | None:
    refusal, wanted = _refusal(row, caller), _reaches(row, caller)
    about = f"WebSocket {path} by {caller.name}"
    try:
        with _connected(caller, path + row.query.format(**things)) as socket:
            if refusal:
                return f"{about}: connected in place of {refusal}"
            if row.reaches(socket, things) is not wanted:
                return f"{about}: {'not reached' if wanted else 'reached'}"
    except InvalidStatus as error:
        status = error.response.status_code
        return None if status == refusal else f"{about}: {status} in place of {refusal or 101}"
    return None


def _refusal(row: Row, caller: Caller) -> int | None:
    """Return the status of a refused handshake."""
    if caller.nobody:
        return 401
    if caller.link:
        return None if row.shared else 403
    if caller.role is None:
        # In a workspace of their own, everybody is a manager.
        return None
    return None if _has(caller.role, caller.scope, row.right) else 403


def _reaches(row: Row, caller: Caller) -> bool:
    if caller.role is not None:
        return _has(caller.role, caller.scope, row.right)
    share = Role.VIEWER if caller.link else caller.share
    return row.shared and share is not None and _has(share, None, row.right)


def _has(role: Role, scope: Scope | None, right: Right) -> bool:
    return role >= LEAST_ROLE[right] and (scope is None or NEEDED_SCOPE[right] is scope)


@contextmanager
def _connected(caller: Caller, path: str) -> Iterator[ClientConnection]:
    url = str(caller.http.base_url.join(path)).replace("http", "ws", 1)
    token = caller.http.headers.get("authorization")
    headers = {"Authorization": token} if token else {}
    with connect(
        url, additional_headers=headers, proxy=None, open_timeout=_PATIENCE_SECONDS
    ) as socket:
        yield socket


def _messages(socket: ClientConnection) -> Iterator[dict[str, Any]]:
    try:
        while True:
            yield json.loads(socket.recv(_PATIENCE_SECONDS))
    except ConnectionClosed:
        return


def _until(socket: ClientConnection, kind: str) -> Iterator[dict[str, Any]]:
    for message in _messages(socket):
        yield message
        if message["type"] == kind:
            return
    raise AssertionError(f"the connection was closed before {kind}")
