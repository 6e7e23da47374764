"""Body of an upload: its stream, and its description in the OpenAPI document."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

from starlette.requests import Request

from common.errors import FileUploadError, ValidationError
from common.least_rate import LeastRate, with_least_rate
from gateway.web.callers import client_address

FILE_FIELD = "file"
# Allowance for everything in a form other than the file: boundaries, headers, fields.
FORM_OVERHEAD = 128 * 1024


@dataclass(frozen=True, kw_only=True)
class UploadBody:
    """Streamed body of an upload request. `announced_bytes` is its Content-Length, if known."""

    address: str
    content_type: str
    announced_bytes: int | None
    pieces: AsyncIterator[bytes] = field(repr=False)

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the body of a request, unread."""
        announced = request.headers.get("content-length", "")
        return cls(
            address=client_address(request.scope),
            content_type=request.headers.get("content-type", ""),
            announced_bytes=int(announced) if announced.isdigit() else None,
            pieces=aiter(request.stream()),
        )

    def arriving(self, rate: LeastRate) -> AsyncIterator[bytes]:
        """Yield chunks as they arrive.

        Raises:
            FileUploadError: they arrive more slowly than the rate.
        """
        slow = FileUploadError(
            f"The upload stalled or was slower than {rate.text()}. Nothing was stored."
        )
        return with_least_rate(self.pieces, rate, slow)


class FormBudget:
    """Limit of everything in a form other than its file: fields, headers, bytes after its end."""

    def __init__(self, limit: int = FORM_OVERHEAD) -> None:
        self._limit = limit
        self._read = 0

    def note(self, piece: bytes, *, file_bytes: int) -> None:
        """Count a piece of the body. The file has had `file_bytes` so far.

        Raises:
            ValidationError: the rest of the form is too long.
        """
        self._read += len(piece)
        if self._read - file_bytes > self._limit:
            raise ValidationError.of("body", "The form is too long apart from its file.")


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
