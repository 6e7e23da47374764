"""Uses of a session while a call of its goes on."""

import asyncio
import contextlib
from collections.abc import Iterator

from common import logging
from common.auth import CallAuthenticator
from common.errors import ApplicationError
from common.identity import Identity

_EVERY_SECONDS = 30.0
_log = logging.get(__name__)


@contextlib.contextmanager
def renewing(
    authenticator: CallAuthenticator, caller: Identity | None, *, every: float = _EVERY_SECONDS
) -> Iterator[None]:
    """Keep the caller's session alive. Calls that end within `every` seconds cost only a timer.

    Services that act for a session renew nothing: the service that was called by the user does.
    """
    if caller is None or not caller.token:
        yield
        return
    renewal = _Renewal(authenticator, caller, every)
    try:
        yield
    finally:
        renewal.stop()


class _Renewal:
    def __init__(self, authenticator: CallAuthenticator, caller: Identity, every: float) -> None:
        self._authenticator = authenticator
        self._caller = caller
        self._every = every
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._timer = asyncio.get_running_loop().call_later(every, self._begin)

    def stop(self) -> None:
        self._stopped = True
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._renew(), name="session renewal")

    async def _renew(self) -> None:
        # A cancellation may be lost (see common.cancellation).
        while not self._stopped:
            try:
                await self._authenticator.renew(self._caller)
            except ApplicationError as error:
                _log.warning("cannot renew the session of a call", reason=error.message)
            await asyncio.sleep(self._every)
