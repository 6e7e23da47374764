"""Routes that refuse what their endpoints do not take."""

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message

from common.errors import ValidationError
from gateway.web.endpoint import Endpoint
from tests.unit.gateway.asgi import scope_of


async def handle(request: Request) -> None:
    """Read nothing of the body."""


def app_with(method: str, path: str) -> FastAPI:
    app = FastAPI()
    Endpoint(method=method, path=path, handler=handle, summary="x", tag="x").add_to(app)
    return app


@pytest.mark.parametrize(
    ("method", "path", "template", "pieces"),
    [
        ("PATCH", "/api/uploads/abc", "/uploads/{upload_id}", 0),
        ("POST", "/api/uploads", "/uploads", 0),
        ("POST", "/api/tags", "/tags", 3),
    ],
)
async def test_bodies_of_uploads_are_not_read(
    method: str, path: str, template: str, pieces: int
) -> None:
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b" ", "more_body": read < 3}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"content-type": "application/json"}
    await app_with(method, template)(scope_of(path, method=method, headers=headers), receive, send)
    assert sent[0]["status"] == 200
    assert read == pieces


async def test_fields_are_refused_where_no_body_is_taken() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b'{"force": true}', "more_body": False}

    async def send(_message: Message) -> None:
        """Drop what the server answers to the error."""

    headers = {"content-type": "application/json"}
    scope = scope_of("/api/tags", method="POST", headers=headers)
    with pytest.raises(ValidationError, match="There is no field force"):
        await app_with("POST", "/tags")(scope, receive, send)
