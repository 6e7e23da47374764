"""Session and rate limit of each API request."""

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import ApplicationError, AuthenticationError, AuthorizationError
from gateway.sessions.registry import MAX_USER_AGENT, SessionRegistry
from gateway.sessions.session import Session
from gateway.web import credentials
from gateway.web.addresses import network_of
from gateway.web.credentials import COOKIE, Credentials, Source
from gateway.web.origins import Origins
from gateway.web.problems import problem
from gateway.web.rate_limits import Allowance, Group, RateLimits, group_of

_PREFIXES = ("/api/v1", "/api")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Callers:
    """Middleware for all paths under `/api`.

    A request without credentials, or with a stale cookie, gets a new session. An invalid Bearer
    token is rejected.
    """

    def __init__(
        self, app: ASGIApp, *, registry: SessionRegistry, limits: RateLimits, origins: Origins
    ) -> None:
        self._app = app
        self._registry = registry
        self._limits = limits
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = api_path(scope["path"]) if scope["type"] == "http" else None
        if path is None:
            await self._app(scope, receive, send)
            return
        headers: dict[str, str] = {}
        created = ""

        trusted = self._origins.trusts(Headers(scope=scope))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Foreign pages and failed requests cannot replace a user's session.
                token = created if trusted and message["status"] < 400 else ""
                _complete(message, headers, token, secure=scope["scheme"] == "https")
            await send(message)

        try:
            session, created = await self._establish(scope, path, headers)
        except ApplicationError as error:
            await problem(error)(scope, receive, sending)
            return
        if session is not None:
            scope["state"]["session"] = session
            structlog.contextvars.bind_contextvars(session_id=session.session_id)
        await self._app(scope, receive, sending)

    async def _establish(
        self, scope: Scope, path: str, headers: dict[str, str]
    ) -> tuple[Session | None, str]:
        """Return the caller's session, and its token if it is new.

        The session is None for requests that create one themselves.
        """
        scope.setdefault("state", {})
        group = group_of(scope["method"], path)
        address = client_address(scope)
        allowance = await self._limits.hit_address(group, address)
        if group is Group.SESSION or not allowance.allowed:
            _require(allowance, headers)
        shown = credentials.read(Headers(scope=scope))
        try:
            self._refuse_foreign_pages(scope, shown)
            if group is Group.SESSION:
                return None, ""
            session = await self._recognize(shown)
        except ApplicationError:
            # Rejected requests have no session, so the address has its limit.
            _require(await self._limits.hit(group, f"rejected:{network_of(address)}"), headers)
            raise
        created = ""
        if session is None:
            _require(await self._limits.hit_address(Group.SESSION, address), headers)
            agent = Headers(scope=scope).get("user-agent", "")[:MAX_USER_AGENT]
            session, created = await self._registry.create(user_agent=agent, ip_address=address)
        _require(await self._limits.hit(group, session.session_id), headers)
        return session, created

    def _refuse_foreign_pages(self, scope: Scope, shown: Credentials) -> None:
        """Refuse requests with side effects of other pages, unless they show a Bearer token.

        A browser sends them on behalf of its user, who may be the only one with access to this
        server. With CORS_ORIGINS=* other pages may do so, but not with the user's cookie.
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
            return await self._registry.authenticate(shown.token)
        if shown.source is Source.NONE:
            return None
        return await self._registry.find(shown.token)


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
    """Return the client address, which the server has resolved through trusted proxies."""
    client = scope.get("client")
    return client[0] if client else ""


def current_session(request: Request) -> Session:
    """Return the caller's session (a dependency of the handlers)."""
    session: Session | None = request.scope["state"].get("session")
    if session is None:
        raise AuthenticationError("Authentication is required.")
    return session


def _complete(message: Message, headers: dict[str, str], created: str, *, secure: bool) -> None:
    """Add the rate-limit headers, and a new session's cookie unless the handler has set one."""
    answer = MutableHeaders(scope=message)
    for name, value in headers.items():
        answer[name] = value
    has_cookie = any(cookie.startswith(f"{COOKIE}=") for cookie in answer.getlist("set-cookie"))
    if created and not has_cookie:
        carrier = Response()
        credentials.set_cookie(carrier, created, secure=secure)
        answer.append("set-cookie", carrier.headers["set-cookie"])
