"""Unsupported methods of paths without parameters."""

import json

import pytest

from gateway.web.endpoint import Endpoint, LiteralPaths
from tests.unit.gateway.asgi import Inner, call, scope_of


async def handler() -> None:
    """Do nothing."""


ENDPOINTS = [
    Endpoint(method=method, path=path, handler=handler, summary="", tag="")
    for method, path in (
        ("GET", "/sessions/current"),
        ("PUT", "/sessions/current"),
        ("POST", "/speakers/search"),
        ("PUT", "/speakers/{speaker_id}"),
    )
]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/speakers/search", "POST"),
        ("PUT", "/api/v1/speakers/search", "POST"),
        ("OPTIONS", "/api/sessions/current", "GET, HEAD, PUT"),
    ],
)
async def test_unsupported_methods_are_rejected(method: str, path: str, allowed: str) -> None:
    inner = Inner()
    answer = await call(LiteralPaths(inner, ENDPOINTS), scope_of(path, method=method))
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert json.loads(answer.body)["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert inner.scopes == []


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/speakers/search", "http"),
        ("HEAD", "/api/sessions/current", "http"),
        ("PUT", "/api/speakers/7", "http"),
        ("DELETE", "/api/nowhere", "http"),
        ("GET", "/api/speakers/search", "websocket"),
    ],
)
async def test_other_requests_pass(method: str, path: str, kind: str) -> None:
    inner = Inner()
    await call(LiteralPaths(inner, ENDPOINTS), scope_of(path, method=method, kind=kind))
    assert len(inner.scopes) == 1
