"""Size limit of JSON bodies. Uploads have their own limits."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import ValidationError
from gateway.web.problems import problem

MAX_BODY_BYTES = 1024 * 1024
_UPLOADS = {
    "POST": re.compile(
        r"/api(/v1)?/(transcription/upload|speakers/[^/]+/enroll|uploads|imports"
        r"|transcription/[^/]+/import)"
        r"|(/openai)?/v1/audio/(transcriptions|translations)"
    ),
    "PUT": re.compile(r"/api(/v1)?/captures/[^/]+/chunks/[^/]+"),
    "PATCH": re.compile(r"/api(/v1)?/uploads/[^/]+"),
}
_TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES // 1024} KiB."


class BodyLimit:
    """Rejects bodies over the limit, by their Content-Length or while they are read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or is_upload(scope):
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
                # FastAPI turns any other exception raised while reading a body into a generic 400.
                raise HTTPException(400, _TOO_LARGE)
            return message

        await self._app(scope, receiving, send)


def is_upload(scope: Scope) -> bool:
    """Return whether an endpoint with limits of its own reads the body as it arrives."""
    paths = _UPLOADS.get(scope["method"])
    return paths is not None and paths.fullmatch(scope["path"]) is not None
