"""Byte ranges of responses: `Range` and `If-Range` of RFC 9110.

Safari plays a sound only if the server answers its first request, `bytes=0-1`, with these two
bytes. Other players need ranges to seek.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from common.errors import ValidationError

# Python refuses to convert numbers of more than 4300 digits.
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,1000})\s*-\s*(\d{0,1000})", re.IGNORECASE | re.ASCII)


class RangeNotSatisfiableError(ValidationError):
    """The requested range begins after the end. `size` is the length of the whole in bytes."""

    code = "RANGE_NOT_SATISFIABLE"

    def __init__(self, size: int) -> None:
        super().__init__(f"The range begins after the end at {size} bytes.", {"size": str(size)})
        self.size = size


@dataclass(frozen=True, kw_only=True)
class ByteRange:
    """The bytes from `first` to `last`, both included, of `size` bytes."""

    first: int
    last: int
    size: int

    def __str__(self) -> str:
        """Return the value of `Content-Range`."""
        return f"bytes {self.first}-{self.last}/{self.size}"

    def of(self, content: bytes) -> bytes:
        """Return the bytes of the range."""
        return content[self.first : self.last + 1]


def requested(header: str, size: int) -> ByteRange | None:
    """Return the range requested by a `Range` header, None to send the whole.

    A header is ignored if it is malformed, has another unit, or asks for several ranges.

    Raises:
        RangeNotSatisfiableError: the range begins after the end, or is empty.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1]:
        first = int(match[1])
        last = int(match[2]) if match[2] else size - 1
        if match[2] and last < first:
            return None
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first >= size:
        raise RangeNotSatisfiableError(size)
    return ByteRange(first=first, last=min(last, size - 1), size=size)


def respond(
    request: Headers, content: bytes, *, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return the content, or the part of it requested by the headers of a GET or HEAD request.

    A range with an outdated `If-Range` is answered with the whole.

    Raises:
        RangeNotSatisfiableError: the range begins after the end, or is empty.
    """
    tag = entity_tag(content)
    common = {**headers, "Accept-Ranges": "bytes", "ETag": tag}
    part = selected(request, tag=tag, size=len(content))
    if part is None:
        return Response(content, media_type=media_type, headers=common)
    common["Content-Range"] = str(part)
    return Response(part.of(content), status_code=206, media_type=media_type, headers=common)


def selected(request: Headers, *, tag: str, size: int) -> ByteRange | None:
    """Return the range requested by the headers of a request, None to send the whole.

    `tag` is the entity tag of the content, and `size` its length in bytes.

    Raises:
        RangeNotSatisfiableError: the range begins after the end, or is empty.
    """
    # Only an equal entity tag matches. There is no date that it could be compared with.
    if "range" in request and request.get("if-range", tag).strip() == tag:
        return requested(request["range"], size)
    return None


def entity_tag(content: bytes) -> str:
    """Return the entity tag of a content."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def documented_responses(description: str, media_type: str) -> dict[int | str, dict[str, Any]]:
    """Return the successful responses of an endpoint with ranges, for the OpenAPI document."""
    text, number = {"schema": {"type": "string"}}, {"schema": {"type": "integer"}}
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    headers = {"Accept-Ranges": text, "ETag": text, "Content-Length": number}
    return {
        200: {"description": description, "content": content, "headers": headers},
        206: {
            "description": "The bytes that the header `Range` asks for.",
            "content": content,
            "headers": {**headers, "Content-Range": text},
        },
    }
