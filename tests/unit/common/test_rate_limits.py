"""Counting of requests."""

import time
from types import SimpleNamespace

import pytest
from limits import parse
from limits.aio.storage import memory

from common.rate_limits import Allowance, Group, RateLimitedError, RateLimits, redis_storage
from common.rate_settings import RateSettings


def limits(rate: str = "3/minute") -> RateLimits:
    return RateLimits(dict.fromkeys(Group, parse(rate)))


async def test_requests_are_counted_down_and_then_rejected() -> None:
    limited = limits()
    seen = [await limited.hit(Group.STATUS, "session_1") for _ in range(4)]
    assert [one.remaining for one in seen] == [2, 1, 0, 0]
    assert [one.allowed for one in seen] == [True, True, True, False]
    assert all(time.time() < one.reset_at <= time.time() + 60 for one in seen)
    refusal = seen[-1].refusal()
    assert refusal.limit == 3
    assert 0 < refusal.retry_after_seconds <= 61


async def test_address_has_the_limits_of_many_sessions() -> None:
    limited = RateLimits(dict.fromkeys(Group, parse("2/minute")), sessions_per_address=3)
    seen = [await limited.hit_address(Group.UPLOAD, "10.0.0.1") for _ in range(7)]
    assert [one.allowed for one in seen] == [True] * 6 + [False]
    assert (await limited.hit_address(Group.UPLOAD, "10.0.0.2")).allowed
    new = [await limited.hit_address(Group.SESSION, "10.0.0.1") for _ in range(3)]
    assert [one.allowed for one in new] == [True, True, False]
    with pytest.raises(RateLimitedError):
        await limited.enforce_address(Group.SESSION, "10.0.0.1")


async def test_addresses_of_one_network_are_one_client() -> None:
    limited = limits("2/minute")
    for host in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"):
        assert (await limited.hit_address(Group.STATUS, host)).allowed
    assert not (await limited.hit_address(Group.STATUS, "2001:db8:1:2::7")).allowed
    assert (await limited.hit_address(Group.STATUS, "2001:db8:1:3::1")).allowed


async def test_callers_and_groups_are_counted_separately() -> None:
    limited = limits("1/minute")
    assert (await limited.hit(Group.STATUS, "session_1")).allowed
    assert (await limited.hit(Group.STATUS, "session_2")).allowed
    assert (await limited.hit(Group.UPLOAD, "session_1")).allowed
    assert not (await limited.hit(Group.STATUS, "session_1")).allowed


async def test_a_new_window_starts_after_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1640995200.0
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: now))
    limited = limits("1/minute")
    assert (await limited.hit(Group.STATUS, "a")).allowed
    now += 59
    refused = await limited.hit(Group.STATUS, "a")
    assert (refused.allowed, refused.reset_at) == (False, 1640995260.0)
    now += 1
    assert (await limited.hit(Group.STATUS, "a")).allowed


def test_headers_round_the_reset_up() -> None:
    allowance = Allowance(limit=60, remaining=59, reset_at=1640995199.2, allowed=True)
    assert allowance.headers() == {
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "59",
        "X-RateLimit-Reset": "1640995200",
    }


def test_default_settings_are_the_documented_limits() -> None:
    configured = RateLimits.configured(RateSettings())._limits
    amounts = {group.value: item.amount for group, item in configured.items()}
    assert amounts == {
        "upload": 10, "processing": 30, "status": 60, "export": 20, "session": 60,
        "edit": 300, "media": 1200, "chunk": 10_000,
    }  # fmt: skip
    assert all(item.get_expiry() == 60 for item in configured.values())


def test_redis_is_used_only_if_configured() -> None:
    assert redis_storage(RateSettings()) is None
    named = RateSettings(redis_url="redis://redis.example:6379/0", redis_password="hidden")
    storage = redis_storage(named)
    assert storage is not None
    assert "hidden" not in storage.bridge.uri
