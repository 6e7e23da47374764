"""Allowed host names."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from common.errors import ValidationError
from gateway.web.problems import reject
from gateway.web.raw_headers import first

_PROBES = ("/health", "/metrics")


def host_name(header: str) -> str:
    """Return the name in a Host header, in lower case, without port or brackets."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0] if name.count(":") == 1 else name


class HostNames:
    """Allowed names: exact ones, `*.example.org` for all subdomains, `*` for any."""

    def __init__(self, names: Iterable[str]) -> None:
        lowered = [name.lower().strip("[]") for name in names]
        self._any = "*" in lowered
        self._exact = {name for name in lowered if not name.startswith("*")}
        self._suffixes = tuple(name[1:] for name in lowered if name.startswith("*."))

    def allow(self, header: str) -> bool:
        """Return whether a Host header is allowed."""
        if self._any:
            return True
        name = host_name(header)
        return name in self._exact or bool(self._suffixes and name.endswith(self._suffixes))


class AllowedHosts:
    """Rejects requests for other host names, to prevent DNS rebinding."""

    def __init__(self, app: ASGIApp, names: HostNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. Health and metrics are served under every name."""
        if (
            scope["type"] not in ("http", "websocket")
            or scope["path"].startswith(_PROBES)
            or self._names.allow(first(scope, b"host"))
        ):
            await self._app(scope, receive, send)
        else:
            error = ValidationError.of("Host", "This host name is not served here.")
            await reject(scope, receive, send, error)
