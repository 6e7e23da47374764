"""Refusing a WebSocket handshake with a proper HTTP answer."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket


async def deny(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answers the handshake with `response` instead of accepting it."""
    await WebSocket(scope, receive, send).send_denial_response(response)
