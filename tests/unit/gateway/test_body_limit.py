"""Size limit of JSON bodies, with and without Content-Length."""

import json
from collections.abc import Sequence

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.web.body_limit import MAX_BODY_BYTES, BodyLimit
from tests.unit.gateway.asgi import Inner, call, scope_of


async def reader(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


async def test_a_large_content_length_is_rejected_unread() -> None:
    inner = Inner()
    headers = {"host": "localhost", "content-length": str(MAX_BODY_BYTES + 1)}
    answer = await call(BodyLimit(inner), scope_of("/api/speakers", headers=headers))
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["details"] == {"field": "body"}
    assert not inner.scopes


async def test_a_body_growing_past_the_limit_is_rejected() -> None:
    pieces = [b"x" * 400_000] * 3
    with pytest.raises(HTTPException) as caught:
        await call(BodyLimit(reader), scope_of("/api/speakers"), pieces)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("path", "pieces"),
    [
        ("/api/speakers", [b"x" * MAX_BODY_BYTES]),
        ("/api/transcription/upload", [b"x" * 900_000] * 2),
        ("/api/v1/transcription/upload", [b"x" * 900_000] * 2),
        ("/api/speakers/7/enroll", [b"x" * 900_000] * 2),
    ],
)
async def test_other_requests_pass(path: str, pieces: Sequence[bytes]) -> None:
    answer = await call(BodyLimit(reader), scope_of(path, method="POST"), pieces)
    assert answer.body == str(sum(map(len, pieces))).encode()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/enroll"),
        ("POST", "/api/speakers/7/8/enroll"),
        ("POST", "/nowhere/transcription/upload"),
        ("PUT", "/api/transcription/upload"),
        ("POST", "/api/captures"),
        ("PUT", "/api/captures/a/chunks/0/1"),
    ],
)
async def test_only_routes_of_uploads_are_exempt(method: str, path: str) -> None:
    pieces = [b"x" * 400_000] * 3
    with pytest.raises(HTTPException):
        await call(BodyLimit(reader), scope_of(path, method=method), pieces)
