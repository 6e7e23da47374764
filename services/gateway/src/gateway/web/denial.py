"""Rejection of WebSocket handshakes with an HTTP response."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket


async def deny(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Reject the handshake with `response`."""
    await WebSocket(scope, receive, send).send_denial_response(response)
