"""Request ids, access log, and request metrics."""

import re
import secrets
import time

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import logging, telemetry
from gateway.web.problems import unexpected

HEADER = b"x-request-id"
_GIVEN = re.compile(rb"^[A-Za-z0-9._-]{8,64}$")
CLIENT_LEFT = 499
_log = logging.get(__name__)


class RequestContext:
    """Assigns an id to each request, and logs and measures its outcome."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, request_id.encode())]
            await send(message)

        begun = time.perf_counter()
        # uvicorn runs each request in its own task, so the binding does not leak.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            status = status or CLIENT_LEFT
        except Exception as error:
            _log.error("request failed unexpectedly", exc_info=error)
            if status:
                raise
            await unexpected()(scope, receive, sending)
        finally:
            note(scope, status or CLIENT_LEFT, time.perf_counter() - begun)


def request_id_of(scope: Scope) -> str:
    """Return the existing or new id of a request."""
    for name, value in scope["headers"]:
        if name == HEADER and _GIVEN.match(value):
            return str(value.decode())
    return secrets.token_hex(16)


def route_of(scope: Scope) -> str:
    """Return the route template `/api/queue/jobs/{job_id}`, never the path with its ids."""
    path: str = getattr(scope.get("route"), "path", "unmatched")
    return path


def note(scope: Scope, status: int, seconds: float) -> None:
    """Measure and log a request."""
    route = route_of(scope)
    # Clients can send any word as the method. Only known ones become metric labels.
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    telemetry.HTTP_SECONDS.labels(method, route, str(status)).observe(seconds)
    if route in _QUIET and status < 400:
        return
    client = scope.get("client")
    _log.info(
        "request",
        method=method,
        route=route,
        status=status,
        seconds=round(seconds, 4),
        client=client[0] if client else "",
    )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/health", "/health/ready", "/health/db", "/metrics"})
