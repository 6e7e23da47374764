"""Paths without parameters, such as `/speakers/search`, never match a parameter."""

from collections import defaultdict
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.endpoint import Endpoint
from gateway.web.problems import method_not_allowed


class LiteralPaths:
    """Answers 405 to unsupported methods of such paths.

    The router would otherwise try a matching path with a parameter, and report that `search` is not
    a number.
    """

    def __init__(self, app: ASGIApp, endpoints: Iterable[Endpoint]) -> None:
        self._app = app
        self._methods: defaultdict[str, set[str]] = defaultdict(set)
        for endpoint in endpoints:
            if "{" not in endpoint.path:
                for path in endpoint.paths():
                    self._methods[path].add(endpoint.method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        allowed = self._methods.get(scope["path"]) if scope["type"] == "http" else None
        if allowed is None or scope["method"] in allowed:
            await self._app(scope, receive, send)
        else:
            await method_not_allowed(allowed)(scope, receive, send)
