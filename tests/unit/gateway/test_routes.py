"""Every route is documented, or has a row in a table of rights, or is a public page."""

from typing import Any

import httpx2
from fastapi import FastAPI
from nats.aio.client import Client
from starlette.routing import BaseRoute, Route, WebSocketRoute

from common.postgres import Database
from gateway.app import Gateway
from gateway.settings import GatewaySettings
from gateway.web import web_app
from tests.e2e import openai_rights, socket_rights

_SETTINGS = {
    "secret_key": "x" * 32,
    "database_url": "postgresql://localhost/none",
    "nats_url": "nats://localhost",
    "grpc_port": 1,
    "enable_metrics": True,
}
#: They show nothing that anybody has stored.
_PAGES = {
    ("GET", path)
    for path in (
        *web_app.ADDRESSES, "/app/{name:path}", "/shared", "/docs", "/metrics", "/openapi.json",
        "/redoc", "/static/{name}",
    )
}  # fmt: skip


async def _routes() -> tuple[list[BaseRoute], dict[str, Any]]:
    settings = GatewaySettings.model_validate(_SETTINGS)
    gateway = Gateway(settings, Database(settings), Client())
    try:
        outer = gateway.application()
        transport = httpx2.ASGITransport(app=outer)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            document = (await client.get("/openapi.json")).json()
        while not isinstance(outer, FastAPI):
            outer = outer._app  # type: ignore[attr-defined]
        return list(outer.routes), document
    finally:
        await gateway.close()


async def test_every_route_has_a_row() -> None:
    routes, document = await _routes()
    documented = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    found = {
        # Every documented path has an alias below /api/v1.
        (method, route.path.replace("/api/v1/", "/api/", 1))
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert all(isinstance(route, Route | WebSocketRoute) for route in routes)
    assert found - documented - _PAGES == set(openai_rights.RIGHTS)
    assert documented <= found
    sockets = {route.path for route in routes if isinstance(route, WebSocketRoute)}
    assert sockets == set(socket_rights.ROWS)
