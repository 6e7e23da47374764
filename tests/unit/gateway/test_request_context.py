"""Request ids and unexpected exceptions."""

import json

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.web.request_context import RequestContext, route_of
from tests.unit.gateway.asgi import Inner, call, scope_of


async def test_every_response_has_a_request_id() -> None:
    first = await call(RequestContext(Inner()), scope_of())
    second = await call(RequestContext(Inner()), scope_of())
    assert len(first.headers["x-request-id"]) == 32
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("client-id-0001", True), ("short", False), ("x" * 65, False), ("with space 1", False)],
)
async def test_a_valid_request_id_of_the_caller_is_kept(given: str, kept: bool) -> None:
    answer = await call(RequestContext(Inner()), scope_of(headers={"x-request-id": given}))
    assert (answer.headers["x-request-id"] == given) is kept


async def test_an_unexpected_exception_becomes_an_error_envelope() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a secret of the inside")

    answer = await call(RequestContext(broken), scope_of())
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["code"] == "INTERNAL_ERROR"
    assert b"secret" not in answer.body


async def test_a_started_response_is_not_replaced() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    with pytest.raises(RuntimeError):
        await call(RequestContext(half), scope_of())


async def test_a_disconnected_client_is_not_an_error() -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    assert (await call(RequestContext(left), scope_of())).status == 0


def test_metric_labels_are_route_templates() -> None:
    assert route_of(scope_of("/api/queue/jobs/job_1")) == "unmatched"
