"""The tus protocol in every request: its version, discovery, and overridden methods.

https://tus.io/protocols/resumable-upload, version 1.0.0
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.problems import failure

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHECKSUM_ALGORITHMS = ("sha1", "sha256")
#: Headers of requests and of responses, for CORS.
ACCEPTED = [
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-HTTP-Method-Override",
]
EXPOSED = [
    "Job-Id",
    "Location",
    "Transcription-Id",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
]
_PATHS = re.compile(r"/api(/v1)?/uploads(/[^/]+)?")
_OVERRIDES = frozenset({"PATCH", "DELETE"})
_VERSIONED = frozenset({"POST", "PATCH", "HEAD", "DELETE"})


class TusProtocol:
    """Middleware for the paths of uploads in pieces."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        """`max_bytes` is the announced limit of files."""
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not _PATHS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Tus-Resumable", VERSION)
            await send(message)

        headers = Headers(scope=scope)
        override = headers.get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and override in _OVERRIDES:
            scope["method"] = override
        if scope["method"] == "OPTIONS":
            await self._discovery()(scope, receive, sending)
        elif _speaks(scope["method"], headers):
            await self._app(scope, receive, sending)
        else:
            await _other_version()(scope, receive, sending)

    def _discovery(self) -> Response:
        return Response(
            status_code=204,
            headers={
                "Tus-Version": VERSION,
                "Tus-Extension": EXTENSIONS,
                "Tus-Max-Size": str(self._max_bytes),
                "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
            },
        )


def _speaks(method: str, headers: Headers) -> bool:
    """Return whether a request has the supported version, or names none."""
    return method not in _VERSIONED or headers.get("tus-resumable", VERSION) == VERSION


def _other_version() -> Response:
    return failure(
        412,
        "UNSUPPORTED_VERSION",
        f"Send Tus-Resumable: {VERSION}.",
        {"header": "Tus-Resumable"},
        headers={"Tus-Version": VERSION},
    )
