"""Items that services have set aside: their own ones, and those of other services."""

from typing import Protocol

import grpc.aio

from common.background.attempts import ItemAttempts, SetAside
from common.background.set_aside import Listing
from common.errors import ValidationError
from common.grpc_client import unwrap
from common.postgres import Database
from common.signing import acting_for
from common.times import timestamp
from securetranscribe.v1 import maintenance_pb2, maintenance_pb2_grpc

_ANSWER_SECONDS = 5.0


class ItemSource(Protocol):
    """The items that one service has set aside."""

    async def listed(self) -> list[maintenance_pb2.SetAsideItem]:
        """Return the items, oldest first."""
        ...

    async def retry(self, step: str, item: str) -> int:
        """Make an item of a step due again, or all of them if it is empty. Return their number."""
        ...


class OwnItems:
    """The items in the database of this service, and those of `also`, which are listed only."""

    def __init__(self, database: Database, also: Listing | None = None) -> None:
        self._database = database
        self._also = also

    async def listed(self) -> list[maintenance_pb2.SetAsideItem]:
        """Return the items, oldest first."""
        async with self._database.transaction() as connection:
            items = await ItemAttempts(connection).aside(None)
            others = [] if self._also is None else await self._also(connection)
        found = [_message(item, retryable=True) for item in items]
        return found + [_message(item, retryable=False) for item in others]

    async def retry(self, step: str, item: str) -> int:
        """Make an item of a step due again, or all of them if it is empty. Return their number.

        Raises:
            ValidationError: no step is named.
        """
        if not step:
            raise ValidationError.of("step", "Name a step.")
        async with self._database.transaction() as connection:
            return await ItemAttempts(connection).retry(step, item or None)


class ItemsOfService:
    """The items of another service. The channel must sign calls."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = maintenance_pb2_grpc.MaintenanceServiceStub(channel)

    async def listed(self) -> list[maintenance_pb2.SetAsideItem]:
        """Return the items, oldest first.

        Raises:
            UnavailableError, TimedOutError: the service does not answer.
        """
        request = maintenance_pb2.ListSetAsideRequest()
        answer = await unwrap(
            self._stub.ListSetAside(request, timeout=_ANSWER_SECONDS, metadata=acting_for())
        )
        return list(answer.items)

    async def retry(self, step: str, item: str) -> int:
        """Make an item of a step due again, or all of them if it is empty. Return their number.

        Raises:
            UnavailableError, TimedOutError: the service does not answer.
        """
        request = maintenance_pb2.RetrySetAsideRequest(step=step, item=item)
        answer = await unwrap(
            self._stub.RetrySetAside(request, timeout=_ANSWER_SECONDS, metadata=acting_for())
        )
        return answer.items


def _message(item: SetAside, *, retryable: bool) -> maintenance_pb2.SetAsideItem:
    return maintenance_pb2.SetAsideItem(
        step=item.step,
        item=item.item,
        attempts=item.attempts,
        reason=item.error,
        first_attempt_time=timestamp(item.first_attempt_at),
        set_aside_time=timestamp(item.set_aside_at),
        retryable=retryable,
    )
