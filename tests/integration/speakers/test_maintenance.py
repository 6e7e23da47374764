"""Items set aside, listed and retried by another service."""

import pytest

from common.errors import AuthenticationError, AuthorizationError, ValidationError
from common.grpc_client import unwrap
from common.maintenance import ItemsOfService
from common.postgres import Database
from securetranscribe.v1 import maintenance_pb2, maintenance_pb2_grpc
from tests.integration.speakers.conftest import Service

_SET_ASIDE = """
INSERT INTO item_attempts (step, item, attempts, error, next_attempt_at, set_aside_at)
SELECT step, 'item-' || n, 5, 'MemoryError', now(), now() + make_interval(secs => n)
FROM unnest(ARRAY['prototypes', 'elsewhere', 'elsewhere']) WITH ORDINALITY AS made (step, n)
"""


async def test_another_service_lists_and_retries(service: Service, database: Database) -> None:
    await database.execute(_SET_ASIDE)
    items = ItemsOfService(service.signed)
    found = await items.listed()
    assert [(one.step, one.item) for one in found] == [
        ("prototypes", "item-1"),
        ("elsewhere", "item-2"),
        ("elsewhere", "item-3"),
    ]
    assert {(one.attempts, one.reason, one.retryable) for one in found} == {
        (5, "MemoryError", True)
    }
    assert await items.retry("elsewhere", "item-3") == 1
    assert await items.retry("elsewhere", "item-3") == 0
    assert await items.retry("elsewhere", "") == 1
    assert [one.item for one in await items.listed()] == ["item-1"]
    with pytest.raises(ValidationError):
        await items.retry("", "")


@pytest.mark.parametrize("token", ["", "token-a"])
async def test_others_are_refused(service: Service, token: str) -> None:
    stub = maintenance_pb2_grpc.MaintenanceServiceStub(service.channel)
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    with pytest.raises((AuthenticationError, AuthorizationError)):
        await unwrap(stub.ListSetAside(maintenance_pb2.ListSetAsideRequest(), metadata=metadata))
    request = maintenance_pb2.RetrySetAsideRequest(step="prototypes")
    with pytest.raises((AuthenticationError, AuthorizationError)):
        await unwrap(stub.RetrySetAside(request, metadata=metadata))
