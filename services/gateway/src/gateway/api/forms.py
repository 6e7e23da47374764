"""Forms with a file: their OpenAPI description, and their body."""

from typing import Any

from starlette.requests import Request

from gateway.uploads.upload import FILE_FIELD, Body


def described(file: str, **fields: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI request body of a form with a file and optional fields."""
    properties = {
        FILE_FIELD: {"type": "string", "format": "binary", "description": file},
        **fields,
    }
    schema = {"type": "object", "required": [FILE_FIELD], "properties": properties}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def body_of(request: Request) -> Body:
    """Return the body of a request as a stream."""
    announced = request.headers.get("content-length", "")
    return Body(
        content_type=request.headers.get("content-type", ""),
        announced_bytes=int(announced) if announced.isdigit() else None,
        pieces=aiter(request.stream()),
    )
