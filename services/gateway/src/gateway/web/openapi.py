"""OpenAPI document of the routes."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from gateway.web.credentials import COOKIE

DESCRIPTION = """
Transcription of recordings, with the speaker of every segment.

The first call creates a session and sets its cookie. Programs can send the session's token as
`Authorization: Bearer` instead. Every path below `/api` is also available below `/api/v1`.
""".strip()

_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token returned when the session was created.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "Set by the first response.",
    },
}


def add_to(app: FastAPI, *, messages: Mapping[str, Any]) -> None:
    """Serve the document of all routes registered so far, and of messages. It is built once."""
    text = json.dumps(document(app, messages=messages), ensure_ascii=False)

    async def openapi() -> Response:
        return Response(text, media_type="application/json")

    app.add_api_route("/openapi.json", openapi, methods=["GET"], include_in_schema=False)


def document(app: FastAPI, *, messages: Mapping[str, Any]) -> dict[str, Any]:
    """Build the document of an application. `messages` are schemas of the WebSocket by name."""
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            # FastAPI documents its own validation errors, which this application never sends.
            if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                del operation["responses"]["422"]
            if path.startswith("/api"):
                operation["security"] = [{"bearer": []}, {"cookie": []}, {}]
    components = schema.setdefault("components", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)
    components["securitySchemes"] = _SCHEMES
    schemas = components.setdefault("schemas", {})
    shared = schemas.keys() & messages.keys()
    if clashes := {name for name in shared if schemas[name] != messages[name]}:
        raise ValueError(f"Messages and responses have other schemas of the names {clashes}.")
    schemas.update(messages)
    return schema
