"""Wakes what waits for work in this process; what others decide is found by looking regularly."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import nats.errors

from common import logging
from common.errors import ApplicationError

_log = logging.get(__name__)
_AFTER_OUTAGE_SECONDS = 1.0


class Bell:
    """Rings for one listener; ringing more often before it is heard is ringing once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wakes the listener now or, if it is busy, as soon as it listens again."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Returns when it rings, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()


@dataclass(frozen=True, kw_only=True)
class Bells:
    """One bell for each kind of background work."""

    outbox: Bell = field(default_factory=Bell)
    dispatch: Bell = field(default_factory=Bell)
    settle: Bell = field(default_factory=Bell)
    progress: Bell = field(default_factory=Bell)
    queue: Bell = field(default_factory=Bell)
    clips: Bell = field(default_factory=Bell)

    def jobs_changed(self) -> None:
        """A job was queued, or took a step: there may be messages to publish and tasks to give."""
        self.outbox.ring()
        self.dispatch.ring()
        self.settle.ring()


async def repeat(
    name: str, step: Callable[[], Awaitable[None]], *, bell: Bell, every_seconds: float
) -> None:
    """Takes a step for ever: when the bell rings, and regularly.

    A server that is away only delays; anything else that goes wrong ends the process.
    """
    while True:
        try:
            await step()
        except (ApplicationError, nats.errors.Error, TimeoutError) as error:
            reason = error.message if isinstance(error, ApplicationError) else repr(error)
            _log.warning("background work is delayed", work=name, reason=reason)
            await asyncio.sleep(_AFTER_OUTAGE_SECONDS)
        await bell.wait(every_seconds)
