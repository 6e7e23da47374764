"""Session tokens in requests: Bearer, cookie, or query parameter."""

import enum
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "session_token"
#: Keeps the token of an ended session that can be resumed, after another took the place of its
#: cookie.
PREVIOUS_COOKIE = "previous_session_token"
_PREVIOUS_PATH = "/api"
QUERY = "token"
_COOKIE_SECONDS = 30 * 24 * 3600
_BEARER = re.compile(r"^bearer(?:\s+(.*))?$", re.IGNORECASE)


class Source(enum.Enum):
    """Origin of a token within a request."""

    NONE = "none"
    BEARER = "bearer"
    QUERY = "query"
    COOKIE = "cookie"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A token and its source. An empty Bearer token counts as an invalid one."""

    source: Source
    token: str = field(default="", repr=False)


def read(headers: Headers, query_token: str | None = None) -> Credentials:
    """Return the credentials of a request, from Bearer, query, or cookie in this order."""
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


def resumable_tokens(headers: Headers) -> list[str]:
    """Return tokens of sessions to resume: the Bearer token, or those of both cookies."""
    shown = read(headers)
    if shown.source is Source.BEARER:
        return [shown.token]
    return [
        token
        for name in (PREVIOUS_COOKIE, COOKIE)
        for cookies in headers.getlist("cookie")
        if (token := cookie_parser(cookies).get(name))
    ]


def take_query_token(query: bytes) -> tuple[str | None, bytes]:
    """Split a query into its token and the remaining query. The latter is safe to log."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    tokens = [value for name, value in pairs if name == QUERY]
    if not tokens:
        return None, query
    rest = [(name, value) for name, value in pairs if name != QUERY]
    return tokens[-1], urlencode(rest).encode("latin-1")


class QueryTokens:
    """Outermost middleware. Removes tokens from query strings before anything can log them.

    Browsers cannot set headers of WebSockets, so they send the token in the query.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remove the token from the query, and keep it in the state of a WebSocket."""
        if scope["type"] in ("http", "websocket"):
            # Changed in place, because the server logs from the same object.
            token, scope["query_string"] = take_query_token(scope["query_string"])
            if scope["type"] == "websocket":
                scope.setdefault("state", {})["query_token"] = token
        await self._app(scope, receive, send)


def set_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Set the session cookie. It outlives the session. Expiry is checked on the server."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def keep_previous(response: Response, token: str, *, secure: bool) -> None:
    """Keep the token of an ended session, for its user to resume it."""
    response.set_cookie(
        PREVIOUS_COOKIE,
        token,
        max_age=_COOKIE_SECONDS,
        path=_PREVIOUS_PATH,
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def clear_previous(response: Response, *, secure: bool) -> None:
    """Delete the cookie of an ended session."""
    response.delete_cookie(
        PREVIOUS_COOKIE, path=_PREVIOUS_PATH, httponly=True, samesite="lax", secure=secure
    )


def clear_cookie(response: Response, *, secure: bool) -> None:
    """Delete the session cookie."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=secure)
