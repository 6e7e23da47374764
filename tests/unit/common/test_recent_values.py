"""Values are looked up once in a while, and again after a change."""

import asyncio

import pytest

from common.recent_values import RecentValues


class Source:
    """Counts lookups, which return `value` or raise it."""

    def __init__(self, value: str | Exception | None = "value") -> None:
        self.value = value
        self.lookups = 0

    async def look_up(self) -> str | None:
        self.lookups += 1
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


async def test_value_is_kept_for_its_time() -> None:
    now, source = 0.0, Source()
    recent = RecentValues[str | None](1.0, clock=lambda: now)

    assert await recent.find("key", source.look_up) == "value"
    now = 0.9
    assert await recent.find("key", source.look_up) == recent.get("key") == "value"
    assert source.lookups == 1
    now = 1.0
    assert recent.get("key") is None
    assert await recent.find("key", source.look_up) == "value"
    assert source.lookups == 2


async def test_age_counts_from_the_beginning_of_the_lookup() -> None:
    now, source = 0.0, Source()
    recent = RecentValues[str | None](1.0, clock=lambda: now)

    async def slow() -> str | None:
        nonlocal now
        value = await source.look_up()
        now = 0.8
        return value

    assert await recent.find("key", slow) == recent.get("key") == "value"
    now = 1.0
    assert recent.get("key") is None


@pytest.mark.parametrize("value", [None, ValueError("away")])
async def test_missing_and_failed_values_are_not_kept(value: Exception | None) -> None:
    source = Source(value)
    recent = RecentValues[str | None](1.0)
    for _ in range(2):
        (found,) = await asyncio.gather(recent.find("key", source.look_up), return_exceptions=True)
        assert found is value
    assert source.lookups == 2


async def test_oldest_value_makes_room() -> None:
    source = Source()
    recent = RecentValues[str | None](1.0, most=2)
    for key in ("first", "second", "third"):
        await recent.find(key, source.look_up)

    assert recent.get("first") is None
    assert recent.get("second") == recent.get("third") == "value"


async def test_forgotten_value_is_looked_up_again() -> None:
    source = Source("old")
    recent = RecentValues[str | None](1.0)
    await recent.find("key", source.look_up)
    source.value = "new"

    recent.forget("key")

    assert await recent.find("key", source.look_up) == "new"
