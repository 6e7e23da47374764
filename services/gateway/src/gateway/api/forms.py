"""Forms that carry a file: how they are described, and how they are taken from a request."""

from typing import Any

from starlette.requests import Request

from gateway.uploads.upload import FILE_FIELD, Body


def described(file: str, **fields: dict[str, Any]) -> dict[str, Any]:
    """What the OpenAPI document says of a form: of its file, and of the fields that it may have."""
    properties = {
        FILE_FIELD: {"type": "string", "format": "binary", "description": file},
        **fields,
    }
    schema = {"type": "object", "required": [FILE_FIELD], "properties": properties}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def body_of(request: Request) -> Body:
    """The body of a request, to be read as it arrives."""
    announced = request.headers.get("content-length", "")
    return Body(
        content_type=request.headers.get("content-type", ""),
        announced_bytes=int(announced) if announced.isdigit() else None,
        pieces=aiter(request.stream()),
    )
