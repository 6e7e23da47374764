"""Session and rate limit of each API request."""

import re
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.addresses import network_of, use_address
from common.admin import ADMIN_HEADER
from common.errors import ApplicationError, AuthenticationError, AuthorizationError
from common.rate_limits import Allowance, Group, RateLimits
from gateway.sessions.keeper import SessionKeeper
from gateway.sessions.recent import RecentSessions
from gateway.sessions.registry import MAX_USER_AGENT, SessionRegistry
from gateway.sessions.session import Session
from gateway.web import credentials
from gateway.web.credentials import COOKIE, Credentials, Source
from gateway.web.origins import Origins
from gateway.web.problems import problem
from gateway.web.rate_limits import RESUME_PATH, group_of

#: Header of responses that replace the session of a stale cookie by a new one.
SESSION_REPLACED = "X-Session-Replaced"
_PREFIXES = ("/api/v1", "/api")
#: Paths of requests that need no session, because they are how to get one.
_UNSIGNED = re.compile(r"/auth/(providers|sign-in|setup|reset|oidc/.+)|/shared/open", re.ASCII)
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, kw_only=True)
class _Established:
    """Session of a request. `created` is its token if it is new, `previous` that of a stale cookie.

    A stale token is only named if its session can be resumed.
    """

    session: Session | None = None
    created: str = field(default="", repr=False)
    previous: str = field(default="", repr=False)


class Callers:
    """Middleware for all paths under `/api`.

    A request without credentials, or with a stale cookie, gets a new session. A response says so if
    the cookie was stale. An invalid Bearer token is rejected. Where people sign in, requests
    without valid credentials are rejected, but for those of signing in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        registry: SessionRegistry,
        recent: RecentSessions,
        keeper: SessionKeeper,
        limits: RateLimits,
        origins: Origins,
    ) -> None:
        self._app = app
        self._registry = registry
        self._recent = recent
        self._keeper = keeper
        self._limits = limits
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = api_path(scope["path"]) if scope["type"] == "http" else None
        if path is None:
            await self._app(scope, receive, send)
            return
        headers: dict[str, str] = {}
        established = _Established()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Foreign pages and failed requests cannot replace a user's session.
                shown = established.created or established.previous
                kept = shown and message["status"] < 400 and self._trusts(scope)
                cookies = established if kept else _Established()
                _complete(message, headers, cookies, secure=scope["scheme"] == "https")
            await send(message)

        try:
            established = await self._establish(scope, path, headers)
        except ApplicationError as error:
            await problem(error)(scope, receive, sending)
            return
        session = established.session
        if session is None:
            await self._app(scope, receive, sending)
            return
        scope["state"]["session"] = session
        structlog.contextvars.bind_contextvars(session_id=session.session_id)
        with self._keeper.using(session):
            await self._app(scope, receive, sending)

    def _by_token(self, scope: Scope, path: str) -> bool:
        """Return whether a request proves an administrator by a token, where people sign in."""
        sent = Headers(scope=scope).get(ADMIN_HEADER, "")
        return self._registry.accounts and path.startswith("/admin/") and bool(sent)

    def _trusts(self, scope: Scope) -> bool:
        return self._origins.trusts(Headers(scope=scope))

    async def _establish(self, scope: Scope, path: str, headers: dict[str, str]) -> "_Established":
        """Return the caller's session, None for requests creating one themselves."""
        scope.setdefault("state", {})
        group = group_of(scope["method"], path)
        address = client_address(scope)
        use_address(address)
        allowance = await self._limits.hit_address(group, address)
        if group is Group.SESSION or not allowance.allowed:
            _require(allowance, headers)
        shown = credentials.read(Headers(scope=scope))
        try:
            self._refuse_foreign_pages(scope, shown)
            if path == RESUME_PATH or _UNSIGNED.fullmatch(path) or self._by_token(scope, path):
                return _Established()
            if group is Group.SESSION and not self._registry.accounts:
                # Only a cookie is replaced. Other credentials are ignored.
                cookie = shown.source is Source.COOKIE
                known = await self._recognize(shown) if cookie else None
                return _Established(previous=await self._previous(shown, known, headers))
            session = await self._recognize(shown)
        except ApplicationError:
            # Rejected requests have no session, so the address has its limit.
            _require(await self._limits.hit(group, f"rejected:{network_of(address)}"), headers)
            raise
        created = ""
        previous = await self._previous(shown, session, headers)
        if session is None:
            _require(await self._limits.hit_address(Group.SESSION, address), headers)
            agent = Headers(scope=scope).get("user-agent", "")[:MAX_USER_AGENT]
            session, created = await self._registry.create(user_agent=agent, ip_address=address)
        _require(await self._limits.hit(group, session.session_id), headers)
        return _Established(session=session, created=created, previous=previous)

    async def _previous(
        self, shown: Credentials, session: Session | None, headers: dict[str, str]
    ) -> str:
        """Announce the replacement of a stale cookie. Return its token if it can be resumed."""
        if shown.source is not Source.COOKIE or session is not None or self._registry.accounts:
            return ""
        headers[SESSION_REPLACED] = "true"
        return shown.token if await self._registry.can_resume(shown.token) else ""

    def _refuse_foreign_pages(self, scope: Scope, shown: Credentials) -> None:
        """Refuse requests with side effects of other pages, unless they show a Bearer token.

        A browser sends them on behalf of its user, perhaps the only one with access to this server.
        With CORS_ORIGINS=* other pages may do so, but not with the user's cookie.
        """
        if scope["method"] in _SAFE or shown.source is Source.BEARER:
            return
        if self._origins.any and shown.source is Source.NONE:
            return
        if not self._origins.trusts(Headers(scope=scope)):
            raise AuthorizationError(
                "Pages of other origins may not do this. CORS_ORIGINS lists the allowed ones."
            )

    async def _recognize(self, shown: Credentials) -> Session | None:
        if shown.source is Source.BEARER:
            return await self._recent.authenticate(shown.token)
        if shown.source is Source.NONE:
            return None
        return await self._recent.find(shown.token)


def _require(allowance: Allowance, headers: dict[str, str]) -> None:
    """Show an allowance in the headers. Raise RateLimitedError if it is used up."""
    headers.update(allowance.headers())
    if not allowance.allowed:
        raise allowance.refusal()


def api_path(path: str) -> str | None:
    """Return the path below `/api` or `/api/v1`, or None for a path outside the API."""
    for prefix in _PREFIXES:
        if path == prefix or path.startswith(f"{prefix}/"):
            return path[len(prefix) :]
    return None


def client_address(scope: Scope) -> str:
    """Return the client address, as resolved by the server through trusted proxies."""
    client = scope.get("client")
    return client[0] if client else ""


def current_session(request: Request) -> Session:
    """Return the caller's session (a dependency of the handlers)."""
    session: Session | None = request.scope["state"].get("session")
    if session is None:
        raise AuthenticationError("Authentication is required.")
    return session


def _complete(
    message: Message, headers: dict[str, str], established: "_Established", *, secure: bool
) -> None:
    """Add headers, and cookies of new and replaced sessions unless the handler has set them."""
    answer = MutableHeaders(scope=message)
    for name, value in headers.items():
        answer[name] = value
    if not (established.created or established.previous):
        return
    has_cookie = any(cookie.startswith(f"{COOKIE}=") for cookie in answer.getlist("set-cookie"))
    carrier = Response()
    if established.created and not has_cookie:
        credentials.set_cookie(carrier, established.created, secure=secure)
    if established.previous:
        credentials.keep_previous(carrier, established.previous, secure=secure)
    for cookie in carrier.headers.getlist("set-cookie"):
        answer.append("set-cookie", cookie)
