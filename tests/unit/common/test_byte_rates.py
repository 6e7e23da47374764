"""Limit of appended bytes."""

from collections.abc import AsyncIterator

from limits import parse

from common.byte_rates import UNIT_BYTES, ByteRates
from common.rate_limits import Group, RateLimitedError, RateLimits

CHUNK = UNIT_BYTES // 4


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(CHUNK)


async def passed(limits: RateLimits, session: str, address: str, mebibytes: int) -> int:
    """Return the MiB that were let through."""
    received = 0
    try:
        async for chunk in ByteRates(limits).charged(session, address, chunks(4 * mebibytes)):
            received += len(chunk)
    except RateLimitedError:
        return received // UNIT_BYTES
    assert received == mebibytes * UNIT_BYTES
    return mebibytes


def limits(rate: str, *, sessions_per_address: int = 100) -> RateLimits:
    return RateLimits({Group.CHUNK: parse(rate)}, sessions_per_address=sessions_per_address)


async def test_a_session_may_send_its_limit() -> None:
    counted = limits("20/minute")
    assert await passed(counted, "a", "10.0.0.1", 17) == 17
    assert await passed(counted, "a", "10.0.0.1", 17) < 17
    assert await passed(counted, "b", "10.0.0.1", 17) == 17


async def test_an_address_has_a_limit_too() -> None:
    counted = limits("20/minute", sessions_per_address=1)
    assert await passed(counted, "a", "10.0.0.1", 17) == 17
    assert await passed(counted, "b", "10.0.0.1", 17) < 17
    assert await passed(counted, "c", "10.0.0.2", 17) == 17


async def test_the_first_unit_is_paid_by_the_request() -> None:
    counted = limits("1/minute")
    assert await passed(counted, "a", "10.0.0.1", 1) == 1
    assert await passed(counted, "a", "10.0.0.1", 2) == 1
