"""Limit of appended bytes per minute, per session and per address."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from common.errors import ApplicationError
from common.rate_limits import Group, RateLimits

#: The limit counts in this unit. The request itself pays for its first.
UNIT_BYTES = 1024 * 1024
#: Bytes between two looks at the counters.
_STEP_BYTES = 4 * UNIT_BYTES


class ByteRates:
    """Counter of appended bytes."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    async def charged(
        self, session_id: str, address: str, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Yield chunks as they arrive, as long as the session and the address may send more.

        Raises:
            RateLimitedError: one of them has exhausted its limit.
        """
        meter = self.meter(session_id, address)
        async for chunk in chunks:
            await meter.pay(len(chunk))
            yield chunk

    def meter(self, session_id: str, address: str) -> "Meter":
        """Return a counter of the bytes of one request."""
        return Meter(partial(self._pay, session_id, address))

    async def _pay(self, session_id: str, address: str) -> None:
        cost = _STEP_BYTES // UNIT_BYTES
        allowances = [await self._limits.hit(Group.CHUNK, session_id, cost=cost)]
        if address:
            allowances.append(await self._limits.hit_address(Group.CHUNK, address, cost=cost))
        refusals: list[ApplicationError] = [
            allowance.refusal() for allowance in allowances if not allowance.allowed
        ]
        if refusals:
            raise refusals[0]


class Meter:
    """Counter of the bytes of one request. The request itself pays for the first ones."""

    def __init__(self, pay: Callable[[], Awaitable[None]]) -> None:
        """`pay` counts the next bytes, several at once."""
        self._pay = pay
        self._free = UNIT_BYTES

    async def pay(self, size: int) -> None:
        """Count arriving bytes.

        Raises:
            RateLimitedError: the session or the address has exhausted its limit.
        """
        self._free -= size
        if self._free < 0:
            self._free += _STEP_BYTES
            await self._pay()
