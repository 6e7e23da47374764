"""Unexpected exceptions inside the middleware that adds headers."""

import json

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.web.last_resort import LastResort
from gateway.web.security_headers import SecurityHeaders
from tests.unit.gateway.asgi import Inner, call, scope_of


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("a secret of the inside")


async def test_an_unexpected_exception_becomes_an_error_envelope() -> None:
    answer = await call(LastResort(broken), scope_of())
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["code"] == "INTERNAL_ERROR"
    assert b"secret" not in answer.body


async def test_the_error_response_has_the_usual_headers() -> None:
    answer = await call(SecurityHeaders(LastResort(broken), https_only=False), scope_of())
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_started_response_is_not_replaced() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    with pytest.raises(RuntimeError):
        await call(LastResort(half), scope_of())


async def test_a_disconnected_client_gets_no_response() -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await call(LastResort(left), scope_of())


async def test_other_scopes_pass() -> None:
    inner = Inner()
    assert (await call(LastResort(inner), scope_of())).body == b"inner"
    await call(LastResort(inner), scope_of(kind="websocket"))
    assert [scope["type"] for scope in inner.scopes] == ["http", "websocket"]
