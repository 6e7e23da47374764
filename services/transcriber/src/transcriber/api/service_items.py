"""Items set aside by any service."""

import asyncio
from collections.abc import Mapping

from common import logging
from common.errors import (
    NotFoundError,
    TimedOutError,
    UnavailableError,
    UnimplementedError,
    ValidationError,
)
from common.maintenance import ItemSource
from securetranscribe.v1 import admin_pb2

_log = logging.get(__name__)
#: The service is away, or is of an earlier version.
_SILENT = (UnavailableError, TimedOutError, UnimplementedError)


class ServiceItems:
    """The items of all services with a database, by name of the service."""

    def __init__(self, sources: Mapping[str, ItemSource]) -> None:
        self._sources = sources

    async def listed(self) -> admin_pb2.ListItemsSetAsideResponse:
        """Return the items of all answering services, and the names of the others."""
        names = list(self._sources)
        asked = (self._ask(name) for name in names)
        answers = dict(zip(names, await asyncio.gather(*asked), strict=True))
        return admin_pb2.ListItemsSetAsideResponse(
            items=[item for items in answers.values() for item in items or ()],
            silent_services=[name for name, items in answers.items() if items is None],
        )

    async def retry(self, service: str, step: str, item: str) -> int:
        """Make an item of a step due again, or all of them if it is empty. Return their number.

        Raises:
            ValidationError: there is no such service.
            NotFoundError: nothing of the kind is set aside.
        """
        source = self._sources.get(service)
        if source is None:
            names = ", ".join(self._sources)
            raise ValidationError.of("service", f"service must be one of {names}.")
        count = await source.retry(step, item)
        if not count:
            raise NotFoundError("No such item is set aside.")
        _log.info("items set aside are retried", of=service, step=step, count=count)
        return count

    async def _ask(self, name: str) -> list[admin_pb2.ItemSetAside] | None:
        try:
            items = await self._sources[name].listed()
        except _SILENT as error:
            _log.warning("items set aside not listed", of=name, reason=error.message)
            return None
        return [admin_pb2.ItemSetAside(service=name, item=item) for item in items]
