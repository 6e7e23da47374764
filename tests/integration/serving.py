"""What the tests of every service need to have one serve."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from common.postgres import Database, migrate
from common.settings import PostgresSettings

_PATIENCE_SECONDS = 60


@contextlib.asynccontextmanager
async def migrated(url: str, package: str) -> AsyncIterator[Database]:
    """The tables of a service as its package makes them, until the end of the block."""
    database = Database(PostgresSettings(database_url=url))
    await database.open()
    try:
        await migrate(database, package)
        yield database
    finally:
        await database.close()


async def healthy(channel: grpc.aio.Channel, ended: Callable[[], bool]) -> None:
    """Waits until the server says that it serves; fails when it has ended."""
    stub = health_pb2_grpc.HealthStub(channel)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not ended():
            with contextlib.suppress(grpc.aio.AioRpcError):
                answer = await stub.Check(health_pb2.HealthCheckRequest())
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            await asyncio.sleep(0.05)
    raise AssertionError("the service ended by itself")
