"""Body of an upload: its stream, and its description in the OpenAPI document."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

from starlette.requests import Request

from common.errors import FileUploadError
from common.idle_streams import with_idle_timeout

FILE_FIELD = "file"


@dataclass(frozen=True, kw_only=True)
class UploadBody:
    """Streamed body of an upload request. `announced_bytes` is its Content-Length, if known."""

    content_type: str
    announced_bytes: int | None
    pieces: AsyncIterator[bytes] = field(repr=False)

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the body of a request, unread."""
        announced = request.headers.get("content-length", "")
        return cls(
            content_type=request.headers.get("content-type", ""),
            announced_bytes=int(announced) if announced.isdigit() else None,
            pieces=aiter(request.stream()),
        )

    def arriving(self, idle_seconds: float) -> AsyncIterator[bytes]:
        """Yield chunks as they arrive.

        Raises:
            FileUploadError: no chunk arrived for `idle_seconds`.
        """
        stalled = FileUploadError("The upload stalled. Nothing was stored.")
        return with_idle_timeout(self.pieces, idle_seconds=idle_seconds, error=stalled)


def form_operation(file: str, **fields: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI request body of a form with a file and optional fields."""
    properties = {
        FILE_FIELD: {"type": "string", "format": "binary", "description": file},
        **fields,
    }
    schema = {"type": "object", "required": [FILE_FIELD], "properties": properties}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
