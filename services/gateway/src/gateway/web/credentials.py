"""What a request shows of who it is: a Bearer token, a cookie, or a token in the query."""

import enum
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

COOKIE = "session_token"
QUERY = "token"
_COOKIE_SECONDS = 30 * 24 * 3600
_BEARER = re.compile(r"^bearer(?:\s+(.*))?$", re.IGNORECASE)


class Source(enum.Enum):
    """Where a token was shown."""

    NONE = "none"
    BEARER = "bearer"
    QUERY = "query"
    COOKIE = "cookie"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A token and where it was shown. An empty Bearer token counts as a wrong one."""

    source: Source
    token: str = field(default="", repr=False)


def read(headers: Headers, query_token: str | None = None) -> Credentials:
    """The credentials of a request. What was said on purpose wins: Bearer, query, then cookie."""
    bearer = _BEARER.match(headers.get("authorization", "").strip())
    if bearer is not None:
        return Credentials(source=Source.BEARER, token=(bearer[1] or "").strip())
    if query_token is not None:
        return Credentials(source=Source.QUERY, token=query_token)
    for cookies in headers.getlist("cookie"):
        token = cookie_parser(cookies).get(COOKIE)
        if token:
            return Credentials(source=Source.COOKIE, token=token)
    return Credentials(source=Source.NONE)


def take_query_token(query: bytes) -> tuple[str | None, bytes]:
    """The token of a query and the query without it, so that it gets into no log."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    tokens = [value for name, value in pairs if name == QUERY]
    if not tokens:
        return None, query
    rest = [(name, value) for name, value in pairs if name != QUERY]
    return tokens[-1], urlencode(rest).encode("latin-1")


def set_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Hands a token to a browser. When it ends is the session's affair, not the cookie's."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def clear_cookie(response: Response, *, secure: bool) -> None:
    """Takes the token from a browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=secure)
