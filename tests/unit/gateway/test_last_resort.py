"""Exceptions that nobody expected, within the layers that complete an answer."""

import json

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.web.last_resort import LastResort
from gateway.web.security_headers import SecurityHeaders
from tests.unit.gateway.asgi import Inner, call, scope_of


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("a secret of the inside")


async def test_the_unexpected_becomes_an_envelope() -> None:
    answer = await call(LastResort(broken), scope_of())
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["code"] == "INTERNAL_ERROR"
    assert b"secret" not in answer.body


async def test_it_has_the_headers_of_every_answer() -> None:
    answer = await call(SecurityHeaders(LastResort(broken), https_only=False), scope_of())
    assert answer.headers["x-frame-options"] == "DENY"


async def test_an_answer_that_breaks_off_is_not_patched_up() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    with pytest.raises(RuntimeError):
        await call(LastResort(half), scope_of())


async def test_a_client_that_leaves_is_told_nothing() -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await call(LastResort(left), scope_of())


async def test_everything_else_passes() -> None:
    inner = Inner()
    assert (await call(LastResort(inner), scope_of())).body == b"inner"
    await call(LastResort(inner), scope_of(kind="websocket"))
    assert [scope["type"] for scope in inner.scopes] == ["http", "websocket"]
