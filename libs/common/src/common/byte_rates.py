"""Limit of appended bytes per minute, per session and per address."""

from collections.abc import AsyncIterator

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
        free = UNIT_BYTES
        async for chunk in chunks:
            free -= len(chunk)
            if free < 0:
                free += _STEP_BYTES
                await self._pay(session_id, address)
            yield chunk

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
