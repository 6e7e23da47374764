"""Ranges that are read in advance."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.errors import UnavailableError
from common.read_ahead import ReadAhead

DATA = bytes(range(250)) * 4


class Source:
    """Counts the ranges that are read."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.failing = False
        self.read = threading.Semaphore(0)

    def __call__(self, offset: int, length: int) -> bytes:
        self.ranges.append((offset, length))
        try:
            if self.failing:
                raise UnavailableError("The object store does not answer.")
            return DATA[offset : offset + length]
        finally:
            self.read.release()

    def wait(self, count: int) -> None:
        """Wait until so many ranges were read."""
        for _ in range(count):
            assert self.read.acquire(timeout=60)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def source() -> Source:
    return Source()


def test_the_next_range_is_read_once_two_follow_each_other(
    source: Source, threads: ThreadPoolExecutor
) -> None:
    ahead = ReadAhead(source, len(DATA), threads)
    assert ahead(0, 300) == DATA[:300]
    source.wait(1)
    assert source.ranges == [(0, 300)]
    assert ahead(300, 300) == DATA[300:600]
    source.wait(2)
    assert source.ranges[2:] == [(600, 300)]
    assert ahead(600, 300) == DATA[600:900]
    source.wait(1)
    assert source.ranges[3:] == [(900, 100)]
    assert ahead(900, 100) == DATA[900:]
    assert len(source.ranges) == 4


def test_other_ranges_are_read_by_themselves(source: Source, threads: ThreadPoolExecutor) -> None:
    ahead = ReadAhead(source, len(DATA), threads)
    for offset in (0, 100):
        ahead(offset, 100)
    source.wait(3)
    assert ahead(700, 50) == DATA[700:750]
    assert ahead(200, 100) == DATA[200:300]
    source.wait(2)
    assert source.ranges[3:] == [(700, 50), (200, 100)]


def test_range_of_another_length_is_read_by_itself(
    source: Source, threads: ThreadPoolExecutor
) -> None:
    ahead = ReadAhead(source, len(DATA), threads)
    for offset in (0, 100):
        ahead(offset, 100)
    assert ahead(200, 30) == DATA[200:230]


def test_failure_in_advance_is_tried_again(source: Source, threads: ThreadPoolExecutor) -> None:
    ahead = ReadAhead(source, len(DATA), threads)
    ahead(0, 100)
    source.wait(1)
    ahead(100, 100)
    source.wait(2)
    source.failing = True
    assert ahead(200, 100) == DATA[200:300]
    source.wait(1)
    source.failing = False
    assert ahead(300, 100) == DATA[300:400]
    source.wait(1)
    source.failing = True
    with pytest.raises(UnavailableError):
        ahead(900, 100)


def test_busy_or_ended_threads_are_not_waited_for(source: Source) -> None:
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(go.wait, 60)
        try:
            ahead = ReadAhead(source, len(DATA), pool)
            for offset in range(0, 500, 100):
                assert ahead(offset, 100) == DATA[offset : offset + 100]
            assert source.ranges == [(offset, 100) for offset in range(0, 500, 100)]
        finally:
            go.set()
    for offset in range(500, 1000, 100):
        assert ahead(offset, 100) == DATA[offset : offset + 100]
