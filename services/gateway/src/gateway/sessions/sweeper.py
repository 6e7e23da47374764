"""Periodic deletion of ended sessions."""

import asyncio

from common import logging
from common.errors import ApplicationError
from gateway.sessions.registry import SessionRegistry

_log = logging.get(__name__)


async def sweep_periodically(registry: SessionRegistry, interval_seconds: float) -> None:
    """Sweep immediately and then at each interval until cancelled. Failures are only logged."""
    while True:
        try:
            await registry.sweep()
        except ApplicationError as error:
            _log.warning("cannot sweep sessions", reason=error.message)
        await asyncio.sleep(interval_seconds)
