"""Security headers, and the redirect to HTTPS."""

from collections.abc import Iterator
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import AuthorizationError
from gateway.web.hosts import host_name
from gateway.web.local_authority import AUTHORITY_PATH
from gateway.web.problems import reject

STRICT = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
# Both documentation pages insert inline styles and images, and ReDoc runs its search in a blob
# worker. Scripts are loaded from this server only, as on every page.
DOCUMENTATION = (
    f"{STRICT}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:"
)
_ALWAYS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(self)"),
)
_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_NOT_STORED = (b"cache-control", b"no-store")
_DOCUMENTATION_PATHS = ("/docs", "/redoc")
#: Probes ask without TLS, and devices that do not trust the authority yet fetch it without TLS.
_PLAIN = ("/health", "/metrics", AUTHORITY_PATH)


class SecurityHeaders:
    """Adds the headers to each response unless the handler has set them."""

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        """Initialize the middleware. `https_only` adds Strict-Transport-Security."""
        self._app = app
        self._https_only = https_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_already = {name.lower() for name, _ in message.get("headers", ())}
                secure = self._https_only and scope["scheme"] == "https"
                message["headers"] = [
                    *message.get("headers", ()),
                    *(
                        one
                        for one in headers_of(scope["path"], secure=secure)
                        if one[0] not in set_already
                    ),
                ]
            await send(message)

        await self._app(scope, receive, sending)


class HttpsOnly:
    """Redirects plain HTTP to HTTPS, except for probes and the local authority."""

    def __init__(self, app: ASGIApp, *, port: int = 443) -> None:
        """Initialize the middleware. `port` is that of HTTPS."""
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        secure = scope.get("scheme") in ("https", "wss")
        if scope["type"] not in ("http", "websocket") or secure or scope["path"].startswith(_PLAIN):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            error = AuthorizationError("Connect with wss:// instead of ws://.")
            await reject(scope, receive, send, error)
        else:
            answer = RedirectResponse(_https_url(scope, self._port), status_code=308)
            await answer(scope, receive, send)


def headers_of(path: str, *, secure: bool) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers of a response, as the server sends them."""
    yield from _ALWAYS
    yield b"content-security-policy", _policy(path).encode()
    if secure:
        yield _TRANSPORT
    if path.startswith("/api"):
        yield _NOT_STORED


def _policy(path: str) -> str:
    return DOCUMENTATION if path.startswith(_DOCUMENTATION_PATHS) else STRICT


def _https_url(scope: Scope, port: int) -> str:
    name = host_name(Headers(scope=scope).get("host", ""))
    host = f"[{name}]" if ":" in name else name
    if port != 443:
        host += f":{port}"
    query = scope["query_string"].decode("latin-1")
    return f"https://{host}{quote(scope['path'])}" + (f"?{query}" if query else "")
