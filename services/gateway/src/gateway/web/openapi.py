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


_SERVERS: list[dict[str, str | Any]] = [{"url": "/", "description": "This server."}]
_CONTACT = {"name": "The operators of this server"}
#: Requests that this server sends. `WebhookMessage` is among the messages.
_WEBHOOKS = {
    "event": {
        "post": {
            "tags": ["Webhooks"],
            "operationId": "receive_event",
            "summary": "An event of a workspace",
            "description": "Sent to the webhooks of the workspace that want events of its type, "
            "signed as Standard Webhooks describe.",
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": description,
                    "schema": {"type": "string"},
                }
                for name, description in (
                    ("webhook-id", "The same for every attempt to send this event."),
                    ("webhook-timestamp", "Time of the attempt, in seconds since 1970."),
                    ("webhook-signature", "`v1,` and an HMAC in Base64, or several with blanks."),
                )
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/WebhookMessage"}}
                },
            },
            "responses": {
                "2XX": {"description": "Received. After any other answer, it is sent again."}
            },
        }
    }
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
        servers=_SERVERS,
        contact=_CONTACT,
    )
    schema["tags"] = _tags(schema)
    schema["webhooks"] = _WEBHOOKS
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


def _tags(schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the tags of all operations, in their order."""
    operations = (one for methods in schema["paths"].values() for one in methods.values())
    return [
        {"name": name}
        for name in dict.fromkeys(tag for one in operations for tag in one.get("tags", ()))
    ]
