"""Limit on a worker's memory."""

import mmap
from pathlib import Path

import pytest

from common.errors import ResourceExhaustedError
from common.tasks import memory
from common.tasks.memory import MemoryLimit

MEGABYTE = 1024**2


def test_memory_of_this_process_is_measured() -> None:
    before = memory.resident_bytes()
    # Pages of its own: an object might be put where an earlier one was, which is resident already.
    with mmap.mmap(-1, 64 * MEGABYTE) as held:
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        grown = memory.resident_bytes() - before
    assert grown > 48 * MEGABYTE


def test_unused_memory_is_returned() -> None:
    pieces = [bytearray(b"x" * 100_000) for _ in range(1_000)]
    held = memory.resident_bytes()
    del pieces
    MemoryLimit(0).give_back()
    assert memory.resident_bytes() < held - 48 * MEGABYTE


def test_limit_itself_is_not_exceeded() -> None:
    assert MemoryLimit(100, lambda: 100).exceeded() is None
    assert MemoryLimit(100, lambda: 101).exceeded() == 101
    assert MemoryLimit(0, lambda: 10**15).exceeded() is None


def test_models_beyond_the_limit_are_reported_at_the_start() -> None:
    MemoryLimit(2 * MEGABYTE, lambda: MEGABYTE).check_idle()
    with pytest.raises(ResourceExhaustedError, match=r"take 3\.0 MB.*allows \(2\.0 MB\)"):
        MemoryLimit(2 * MEGABYTE, lambda: 3 * MEGABYTE).check_idle()


@pytest.mark.parametrize(
    ("content", "limit"),
    [("max\n", None), (f"{512 * MEGABYTE}\n", 512 * MEGABYTE), (f"{2**63 - 4096}\n", None)],
)
def test_limit_of_the_container_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, limit: int | None
) -> None:
    monkeypatch.setattr(memory, "_OWN_GROUP", tmp_path / "missing")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    (tmp_path / "memory.max").write_text(content)
    assert memory.container_limit() == limit


def test_limit_of_a_systemd_unit_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "system.slice/worker.service"
    own.mkdir(parents=True)
    (own / "memory.max").write_text("1000")
    (tmp_path / "cgroup").write_text("1:name=systemd:/\n0::/system.slice/worker.service\n")
    monkeypatch.setattr(memory, "_OWN_GROUP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    assert memory.container_limit() == 1000
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text("800")
    assert memory.container_limit() == 800


@pytest.mark.parametrize(
    ("setting", "container", "limit"),
    [(None, None, 0), (None, 1000, 900), (0, 1000, 0), (700, 1000, 700), (700, None, 700)],
)
def test_setting_takes_precedence_over_the_container(
    monkeypatch: pytest.MonkeyPatch, setting: int | None, container: int | None, limit: int
) -> None:
    monkeypatch.setattr(memory, "container_limit", lambda: container)
    assert MemoryLimit.of_setting(setting).limit == limit


def test_unknown_memory_never_exceeds_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_STATM", tmp_path / "missing")
    assert MemoryLimit(1).exceeded() is None
