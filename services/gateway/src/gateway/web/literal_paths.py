"""Paths without parameters stand for themselves: `/speakers/search` is no speaker."""

from collections import defaultdict
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.endpoint import Endpoint
from gateway.web.problems import method_not_allowed


class LiteralPaths:
    """Refuses methods that such a path has not.

    The router would try them on a path with a parameter that matches too, and then complain that
    `search` is no number.
    """

    def __init__(self, app: ASGIApp, endpoints: Iterable[Endpoint]) -> None:
        self._app = app
        self._methods: defaultdict[str, set[str]] = defaultdict(set)
        for endpoint in endpoints:
            if "{" not in endpoint.path:
                for path in endpoint.paths():
                    self._methods[path].add(endpoint.method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        allowed = self._methods.get(scope["path"]) if scope["type"] == "http" else None
        if allowed is None or scope["method"] in allowed:
            await self._app(scope, receive, send)
        else:
            await method_not_allowed(allowed)(scope, receive, send)
