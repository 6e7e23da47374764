"""Removal of session tokens from query strings before anything can log them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.credentials import take_query_token


class QueryTokens:
    """Outermost middleware. Browsers cannot set WebSocket headers, so tokens come in the query."""

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
