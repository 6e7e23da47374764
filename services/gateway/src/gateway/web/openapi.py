"""The OpenAPI document: exactly what the gateway does, and nothing that it does not."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from gateway.web.credentials import COOKIE

DESCRIPTION = """
Recordings go in, transcripts that say who said what come out.

A session is made with the first call and kept in a cookie; programs may send its token as
`Authorization: Bearer` instead. Every path below `/api` exists below `/api/v1` too.
""".strip()

_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that creating a session returned.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "Set by the first answer.",
    },
}


def add_to(app: FastAPI) -> None:
    """Serves the document of all routes there are. It takes long to make, so it is made now."""
    text = json.dumps(document(app), ensure_ascii=False)

    async def openapi() -> Response:
        return Response(text, media_type="application/json")

    app.add_api_route("/openapi.json", openapi, methods=["GET"], include_in_schema=False)


def document(app: FastAPI) -> dict[str, Any]:
    """Builds the document of an application."""
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            # The framework announces its own form of validation errors, which is never sent.
            operation["responses"].pop("422", None)
            if path.startswith("/api"):
                operation["security"] = [{"bearer": []}, {"cookie": []}, {}]
    components = schema.setdefault("components", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)
    components["securitySchemes"] = _SCHEMES
    return schema
