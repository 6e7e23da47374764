"""Bounds JSON bodies. Uploads have limits of their own."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import ValidationError
from gateway.web.problems import problem

MAX_BODY_BYTES = 1024 * 1024
_UPLOADS = ("/transcription/upload", "/enroll")
_TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES // 1024} KiB."


class BodyLimit:
    """Refuses bodies that are announced as too large, and stops reading those that grow so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http" or scope["path"].endswith(_UPLOADS):
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced[:20]) > MAX_BODY_BYTES:
            await problem(ValidationError.of("body", _TOO_LARGE))(scope, receive, send)
            return
        read = 0

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY_BYTES:
                # The framework passes its own exceptions on and hides all others.
                raise HTTPException(400, _TOO_LARGE)
            return message

        await self._app(scope, receiving, send)
