"""Arriving bytes of uploads: their sender and their least rate."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from common import addresses, identity, sizes
from common.errors import ApplicationError, FileTooLargeError
from common.least_rate import LeastRate, with_least_rate

_RELAY_SECONDS = 15.0


def relayed() -> bool:
    """Return whether another service passes the upload on."""
    caller = identity.current_or_none()
    return caller is not None and bool(caller.service)


def client_address() -> str:
    """Return the client's address, "" for uploads passed on by another service."""
    return "" if relayed() else addresses.current_address()


def arriving(
    chunks: AsyncIterator[bytes], rate: LeastRate, slow: ApplicationError
) -> AsyncIterator[bytes]:
    """Yield chunks as they arrive. Raise `slow` if they arrive more slowly than the rate."""
    if relayed():
        # The gateway passes bytes on a little later, and ends slow uploads itself.
        rate = replace(rate, patience_seconds=rate.patience_seconds + _RELAY_SECONDS)
    return with_least_rate(chunks, rate, slow)


async def hashed(
    chunks: AsyncIterator[bytes], *updates: Callable[[bytes], None]
) -> AsyncIterator[bytes]:
    """Yield chunks. Digests are updated with each on a thread, until the next one has arrived."""

    def update(chunk: bytes) -> None:
        for one in updates:
            one(chunk)

    loop = asyncio.get_running_loop()
    updating: asyncio.Future[None] | None = None
    try:
        async for chunk in chunks:
            if updating is not None:
                await updating
            updating = loop.run_in_executor(None, update, chunk)
            yield chunk
    finally:
        if updating is not None:
            await updating


def too_large(filename: str, provided: int, limit: int) -> FileTooLargeError:
    """Return the error for a file over the limit. Sizes are in bytes."""
    return FileTooLargeError(
        "File too large",
        {
            "max_size": sizes.compact(limit),
            "provided_size": sizes.compact(provided),
            "file_name": filename,
        },
    )
