"""Takes session tokens out of query strings before anything can log them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.credentials import take_query_token


class QueryTokens:
    """The very outermost layer. Browsers cannot send headers with a WebSocket; hence the query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Moves the token from the query into the state of a WebSocket; elsewhere drops it."""
        if scope["type"] in ("http", "websocket"):
            # Changed in place: the server logs from this very object.
            token, scope["query_string"] = take_query_token(scope["query_string"])
            if scope["type"] == "websocket":
                scope.setdefault("state", {})["query_token"] = token
        await self._app(scope, receive, send)
