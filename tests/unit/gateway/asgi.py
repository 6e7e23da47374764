"""Minimal ASGI server for tests of one middleware."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Answer:
    """Response of an application."""

    status: int = 0
    headers: MutableHeaders = field(default_factory=MutableHeaders)
    body: bytes = b""


class Inner:
    """An application that records whether it was called."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.scopes: list[Scope] = []
        self._headers = [
            (name.lower().encode(), value.encode()) for name, value in (headers or {}).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": b"inner"})


def scope_of(
    path: str = "/",
    *,
    kind: str = "http",
    method: str = "GET",
    scheme: str = "http",
    query: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Scope:
    """Return a scope as uvicorn creates it."""
    return {
        "type": kind,
        "method": method,
        "path": path,
        "scheme": scheme,
        "query_string": query,
        "headers": Headers(headers or {"host": "localhost"}).raw,
        "client": ("192.0.2.1", 5000),
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }


async def call(app: ASGIApp, scope: Scope, body: Iterable[bytes] = (b"",)) -> Answer:
    """Send a request and collect the response."""
    pieces = list(body)
    answer = Answer()

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        if message["type"].endswith("response.start"):
            answer.status = message["status"]
            answer.headers = MutableHeaders(raw=list(message.get("headers", ())))
        elif message["type"].endswith("response.body"):
            answer.body += message.get("body", b"")
        elif message["type"] == "websocket.accept":
            answer.status = 101

    await app(scope, receive, send)
    return answer
