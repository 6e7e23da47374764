"""Lease of an upload: the right of one request to append to it.

It ends when no bytes arrive for some seconds. A client with a broken connection can go on before
the server notices. Every change of the row names the lease, so a request without it changes
nothing.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator

from common import cancellation
from common.errors import ApplicationError, LockedError
from common.postgres import Database
from transcriber.store.resumable_uploads import LEASE_SECONDS, ResumableUploads

_RENEW_SECONDS = LEASE_SECONDS / 3


class Lease:
    """One lease of one upload."""

    def __init__(self, database: Database, upload_id: str) -> None:
        self._database = database
        self.upload_id = upload_id
        self.token = secrets.token_hex(16)
        self._renewed = time.monotonic()

    async def progressed(self) -> None:
        """Hold the lease longer, because bytes have arrived.

        Raises:
            LockedError: the lease was lost.
        """
        if time.monotonic() - self._renewed < _RENEW_SECONDS:
            return
        async with self._database.transaction() as connection:
            held = await ResumableUploads(connection).renew(self.upload_id, self.token)
        if not held:
            raise lost()
        self._renewed = time.monotonic()

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Hold the lease during the block, as long as this process lives."""
        renewing = asyncio.create_task(self._renew(), name="renew upload lease")
        try:
            yield
        finally:
            await cancellation.end([renewing])

    async def release(self) -> None:
        """Return the lease. If that fails, it ends by itself."""
        with contextlib.suppress(ApplicationError):
            async with self._database.transaction() as connection:
                await ResumableUploads(connection).release(self.upload_id, self.token)

    async def _renew(self) -> None:
        while True:
            with contextlib.suppress(ApplicationError):
                async with self._database.transaction() as connection:
                    await ResumableUploads(connection).renew(self.upload_id, self.token)
            await asyncio.sleep(_RENEW_SECONDS)


def lost() -> LockedError:
    """Return the error of a request without its lease."""
    return LockedError("Another request appends to this upload, or it was cancelled.")
