"""Requests that take a key."""

import pytest
from pydantic import BaseModel

from gateway.idempotency.keyed_writes import KeyedWrites, shows_secret
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from tests.unit.gateway.asgi import scope_of


class Plain(BaseModel):
    name: str
    page_count: int


class Token(BaseModel):
    session_token: str


class Nested(BaseModel):
    parts: list[Token | None]


async def plain() -> Success[Plain]:
    raise NotImplementedError


async def nested() -> Success[Nested]:
    raise NotImplementedError


def endpoint(method: str, path: str) -> Endpoint:
    handler = nested if path == "/tokens" else plain
    return Endpoint(method=method, path=path, handler=handler, summary="", tag="")


WRITES = KeyedWrites(
    [
        endpoint(*one)
        for one in (
            ("POST", "/tags"),
            ("GET", "/tags"),
            ("PUT", "/tags/{tag_id}"),
            ("POST", "/tokens"),
            ("POST", "/speakers/search"),
            ("POST", "/transcription/export/{transcription_id}"),
            ("POST", "/auth/sign-in"),
        )
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "keyed"),
    [
        ("POST", "/api/tags", True),
        ("POST", "/api/v1/tags", True),
        ("PUT", "/api/tags/7", True),
        ("GET", "/api/tags", False),
        ("POST", "/api/speakers/search", False),
        ("POST", "/api/transcription/export/7", False),
        ("POST", "/api/auth/sign-in", False),
        ("POST", "/api/nowhere", False),
        ("POST", "/v1/audio/transcriptions", False),
    ],
)
def test_writes_take_keys(method: str, path: str, keyed: bool) -> None:
    assert (WRITES.find(scope_of(path, method=method)) is not None) is keyed


def test_answers_with_secrets_are_found_by_their_models() -> None:
    assert shows_secret(endpoint("POST", "/tokens"))
    assert not shows_secret(endpoint("POST", "/tags"))
