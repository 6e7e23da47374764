"""Items that the gateway has set aside, listed and retried by another service."""

from typing import Any

import grpc
import grpc.aio
import pytest

from common.client_signing import interceptors
from common.maintenance import ItemsOfService
from common.postgres import Database
from common.signing import CallSigner
from securetranscribe.v1 import maintenance_pb2, maintenance_pb2_grpc
from tests.integration.gateway.conftest import SECRET, Running

_SET_ASIDE = """
INSERT INTO item_attempts (step, item, attempts, error, next_attempt_at, set_aside_at)
VALUES ('elsewhere', 'session_1', 5, 'MemoryError', now(), now())
"""
_CLEAN = "DELETE FROM item_attempts WHERE step = 'elsewhere'"


async def test_another_service_lists_and_retries(running: Running, database: Database) -> None:
    await database.execute(_SET_ASIDE)
    signing: Any = interceptors(CallSigner(SECRET, "transcriber"), "gateway")
    async with grpc.aio.insecure_channel(running.grpc_address, interceptors=signing) as channel:
        items = ItemsOfService(channel)
        found = [one for one in await items.listed() if one.step == "elsewhere"]
        assert [(one.item, one.reason, one.retryable) for one in found] == [
            ("session_1", "MemoryError", True)
        ]
        assert await items.retry("elsewhere", "session_1") == 1
        assert await items.retry("elsewhere", "session_1") == 0
    await database.execute(_CLEAN)


async def test_sessions_are_refused(running: Running) -> None:
    async with running.client() as client:
        made = await client.post("/api/sessions/create")
        token = made.json()["data"]["session_token"]
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        stub: Any = maintenance_pb2_grpc.MaintenanceServiceStub(channel)
        for metadata in ((), (("authorization", f"Bearer {token}"),)):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.ListSetAside(maintenance_pb2.ListSetAsideRequest(), metadata=metadata)
            assert caught.value.code() in {
                grpc.StatusCode.UNAUTHENTICATED,
                grpc.StatusCode.PERMISSION_DENIED,
            }
