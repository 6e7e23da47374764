"""Precedence of credentials, and removal of tokens from queries."""

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response

from gateway.web.credentials import (
    Credentials,
    QueryTokens,
    Source,
    clear_cookie,
    read,
    set_cookie,
    take_query_token,
)
from tests.unit.gateway.asgi import Inner, call, scope_of


@pytest.mark.parametrize(
    ("headers", "query", "source", "token"),
    [
        ({}, None, Source.NONE, ""),
        ({"authorization": "Bearer abc"}, None, Source.BEARER, "abc"),
        ({"authorization": "bearer  abc "}, None, Source.BEARER, "abc"),
        ({"authorization": "Bearer"}, None, Source.BEARER, ""),
        ({"authorization": "Basic abc"}, None, Source.NONE, ""),
        ({"cookie": "session_token=abc"}, None, Source.COOKIE, "abc"),
        ({"cookie": "a=b; session_token=abc; c=d"}, None, Source.COOKIE, "abc"),
        ({"cookie": "session_token="}, None, Source.NONE, ""),
        ({"cookie": "other=abc"}, None, Source.NONE, ""),
        (
            {"cookie": "session_token=abc", "authorization": "Bearer xyz"},
            None,
            Source.BEARER,
            "xyz",
        ),
        ({"cookie": "session_token=abc"}, "xyz", Source.QUERY, "xyz"),
        ({"authorization": "Bearer abc"}, "xyz", Source.BEARER, "abc"),
        ({}, "", Source.QUERY, ""),
    ],
)
def test_precedence_of_credentials(
    headers: dict[str, str], query: str | None, source: Source, token: str
) -> None:
    assert read(Headers(headers), query) == Credentials(source=source, token=token)


def test_repr_hides_the_token() -> None:
    assert "abc" not in repr(Credentials(source=Source.BEARER, token="abc"))


@pytest.mark.parametrize(
    ("query", "token", "rest"),
    [
        (b"", None, b""),
        (b"a=1&b=2", None, b"a=1&b=2"),
        (b"token=abc", "abc", b""),
        (b"a=1&token=abc&b=2", "abc", b"a=1&b=2"),
        (b"token=abc&token=xyz", "xyz", b""),
        (b"token=", "", b""),
        (b"tok%65n=abc", "abc", b""),
    ],
)
def test_query_tokens_are_removed(query: bytes, token: str | None, rest: bytes) -> None:
    assert take_query_token(query) == (token, rest)


async def test_the_token_is_removed_from_the_scope_of_the_server() -> None:
    scope = scope_of("/ws", kind="websocket", query=b"token=abc&x=1")
    inner = Inner()
    await call(QueryTokens(inner), scope)
    assert scope["query_string"] == b"x=1"
    assert inner.scopes[0]["state"]["query_token"] == "abc"


async def test_a_query_token_does_not_authenticate_http_requests() -> None:
    scope = scope_of("/api/x", query=b"token=abc")
    await call(QueryTokens(Inner()), scope)
    assert scope["query_string"] == b""
    assert "query_token" not in scope["state"]


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_are_http_only(secure: bool) -> None:
    response = Response()
    set_cookie(response, "abc", secure=secure)
    cookie = response.headers["set-cookie"]
    assert "session_token=abc" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert ("Secure" in cookie) is secure


def test_clearing_expires_the_cookie() -> None:
    response = Response()
    clear_cookie(response, secure=True)
    assert "Max-Age=0" in response.headers["set-cookie"]
