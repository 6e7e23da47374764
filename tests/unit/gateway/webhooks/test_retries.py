"""Pauses between attempts."""

import datetime as dt

import pytest

from gateway.webhooks import retries

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
DAY = 24 * 3600.0


def test_pauses_grow_for_three_days() -> None:
    pauses = [retries.pause(tries, chance=0.5) for tries in range(1, retries.MOST_TRIES)]
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert len(known) == len(pauses) == 9
    assert 2.9 * DAY < sum(known) < 3 * DAY
    assert retries.pause(retries.MOST_TRIES) is None


def test_chance_spreads_attempts() -> None:
    soonest, latest = retries.pause(3, chance=0.0), retries.pause(3, chance=1.0)
    assert (soonest, latest) == (0.9 * 1800, 1.1 * 1800)
    assert len({retries.pause(3) for _ in range(10)}) > 1


def test_receivers_can_ask_for_more_time() -> None:
    assert retries.pause(1, retry_after=60.0) == 60.0
    assert retries.pause(2, retry_after=1.0, chance=0.5) == 300.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("9" * 400, DAY),
        ("Sun, 29 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 29 Nov 2050 11:00:00 GMT", DAY),
        ("Sun, 99 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    assert retries.retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 60.0), (503, 60.0), (500, 0.0), (301, 0.0), (None, 0.0)]
)
def test_some_answers_ask_for_a_pause_of_all_deliveries(status: int | None, seconds: float) -> None:
    assert retries.hold(status, 60.0) == seconds
