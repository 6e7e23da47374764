"""Deletes sessions that have ended, now and then."""

import asyncio

from common import logging
from common.errors import ApplicationError
from gateway.sessions.registry import SessionRegistry

_log = logging.get(__name__)


async def sweep_for_ever(registry: SessionRegistry, interval_seconds: float) -> None:
    """Sweeps at once and then at every interval; a database that is away is waited for."""
    while True:
        try:
            await registry.sweep()
        except ApplicationError as error:
            _log.warning("sessions could not be swept", reason=error.message)
        await asyncio.sleep(interval_seconds)
