"""OpenAPI document of the routes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.web.credentials import COOKIE
from gateway.web.envelope import ErrorEnvelope

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


class OpenApiDocument:
    """The document of all routes registered before it, and of messages.

    It is built at the first request for it, in a thread, because that takes seconds.
    """

    def __init__(self, app: FastAPI, *, messages: Mapping[str, Any]) -> None:
        self._app = app
        self._routes = [_as_now(route) for route in app.routes]
        self._messages = messages
        self._text = ""
        self._building = asyncio.Lock()

    def add_to(self, app: FastAPI) -> None:
        """Serve it."""
        app.add_api_route("/openapi.json", self._answer, methods=["GET"], include_in_schema=False)

    async def _answer(self) -> Response:
        async with self._building:
            self._text = self._text or await asyncio.to_thread(self._build)
        return Response(self._text, media_type="application/json")

    def _build(self) -> str:
        found = document(self._app, self._routes, messages=self._messages)
        return json.dumps(found, ensure_ascii=False)


def _as_now(route: BaseRoute) -> BaseRoute:
    """Return a route with its methods of now. Others are added that are not documented."""
    if not isinstance(route, Route):
        return route
    same = copy(route)
    same.methods = set(route.methods or ())
    return same


def document(
    app: FastAPI, routes: Sequence[BaseRoute], *, messages: Mapping[str, Any]
) -> dict[str, Any]:
    """Build the document of routes. `messages` are schemas of the WebSocket by name."""
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=routes,
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
    schemas.update(_errors())
    return schema


def _errors() -> dict[str, Any]:
    """Return the schemas of the body of errors, which all operations refer to."""
    _, found = models_json_schema(
        [(ErrorEnvelope, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _tags(schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the tags of all operations, in their order."""
    operations = (one for methods in schema["paths"].values() for one in methods.values())
    return [
        {"name": name}
        for name in dict.fromkeys(tag for one in operations for tag in one.get("tags", ()))
    ]
