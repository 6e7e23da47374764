"""Liveness, readiness, and metrics endpoints."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from starlette.responses import Response

from common.errors import ApplicationError, UnavailableError
from gateway.web.endpoint import documented
from gateway.web.envelope import ApiModel, Moment

_CHECK_SECONDS = 5.0
_TAG = "Health"

Check = Callable[[], Awaitable[None]]


class Alive(ApiModel):
    """The process is alive."""

    status: Literal["healthy"] = "healthy"
    version: str
    timestamp: Moment


class DatabaseHealth(ApiModel):
    """The database is reachable."""

    status: Literal["healthy"] = "healthy"
    database: Literal["connected"] = "connected"
    timestamp: Moment


class Readiness(ApiModel):
    """The gateway is ready for requests."""

    status: Literal["ready"] = "ready"
    checks: dict[str, Literal["ok"]] = Field(examples=[{"database": "ok", "events": "ok"}])
    timestamp: Moment


class Health:
    """Health endpoints. Each check raises if its dependency does not respond."""

    def __init__(self, *, version: str, checks: Mapping[str, Check], now: Callable[[], Moment]):
        self._version = version
        self._checks = checks
        self._now = now
        self._stopping = False

    def stop(self) -> None:
        """Report not ready from now on, because the process is shutting down."""
        self._stopping = True

    def add_to(self, app: FastAPI, *, metrics: bool) -> None:
        """Register the routes."""
        down: dict[int | str, dict[str, Any]] = {503: documented(503)[503]}
        app.add_api_route("/health", self.health, methods=["GET"], tags=[_TAG])
        app.add_api_route("/health/db", self.database, methods=["GET"], tags=[_TAG], responses=down)
        app.add_api_route("/health/ready", self.ready, methods=["GET"], tags=[_TAG], responses=down)
        if metrics:
            app.add_api_route("/metrics", self.metrics, methods=["GET"], include_in_schema=False)

    async def health(self) -> Alive:
        """Report that the process is alive."""
        return Alive(version=self._version, timestamp=self._now())

    async def database(self) -> DatabaseHealth:
        """Check the connection to the database."""
        await self._run("database")
        return DatabaseHealth(timestamp=self._now())

    async def ready(self) -> Readiness:
        """Check that the gateway is ready for requests."""
        if self._stopping:
            raise UnavailableError("The server is shutting down.")
        for name in self._checks:
            await self._run(name)
        return Readiness(checks=dict.fromkeys(self._checks, "ok"), timestamp=self._now())

    async def metrics(self) -> Response:
        """Return metrics in the Prometheus text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _run(self, name: str) -> None:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._checks[name]()
        except (ApplicationError, TimeoutError) as error:
            raise UnavailableError(f"No response from: {name}.") from error
