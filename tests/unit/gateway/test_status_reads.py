"""Rendered statuses are kept for a minute, up to a number of bytes."""

from gateway.api.status_reads import Rendered, RenderedStatuses


def rendered(size: int) -> Rendered:
    return Rendered(version="1", tag='W/"1"', data=b"x" * size)


def key(number: int) -> tuple[str, int, bool, None]:
    return ("workspace", number, True, None)


def test_oldest_makes_room() -> None:
    known = RenderedStatuses(most_bytes=10)
    for number in (1, 2, 3):
        known.keep(key(number), rendered(4))

    assert [known.get(key(number)) is not None for number in (1, 2, 3)] == [False, True, True]


def test_replaced_one_takes_its_room_once() -> None:
    known = RenderedStatuses(most_bytes=10)
    for _ in range(5):
        known.keep(key(1), rendered(4))
    known.keep(key(2), rendered(6))

    assert known.get(key(1)) == rendered(4)


def test_one_over_the_limit_is_not_kept() -> None:
    known = RenderedStatuses(most_bytes=10)
    known.keep(key(1), rendered(11))
    known.keep(key(2), rendered(10))

    assert known.get(key(1)) is None
    assert known.get(key(2)) is not None


def test_nothing_is_kept_for_longer_than_a_minute() -> None:
    now = 0.0
    known = RenderedStatuses(clock=lambda: now)
    known.keep(key(1), rendered(4))
    now = 59.0
    assert known.get(key(1)) is not None
    now = 60.0
    assert known.get(key(1)) is None
    known.keep(key(2), rendered(4))
    assert key(1) not in known._known


def test_forgotten_one_is_gone() -> None:
    known = RenderedStatuses()
    known.keep(key(1), rendered(4))
    known.forget(key(1))
    known.forget(key(1))
    assert known.get(key(1)) is None
