import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from common.disk_reserve import DiskReserve
from common.errors import DiskFullError


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))


def test_disk_with_less_than_the_reserve_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = DiskReserve(tmp_path, reserve_bytes=100)
    leave(monkeypatch, 100)
    reserve.require()
    leave(monkeypatch, 99)
    assert reserve.touched
    with pytest.raises(DiskFullError, match="disk is full"):
        reserve.require()


def test_remote_store_is_never_full(monkeypatch: pytest.MonkeyPatch) -> None:
    leave(monkeypatch, 0)
    DiskReserve(None, reserve_bytes=100).require()


def test_missing_directory_is_not_a_full_disk(tmp_path: Path) -> None:
    DiskReserve(tmp_path / "gone", reserve_bytes=2**62).require()


def test_space_is_known_of_a_local_store_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=10, total=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    local, remote = (DiskReserve(one, reserve_bytes=5) for one in (tmp_path, None))
    assert (local.space(), local.reserve_bytes) == ((10, 100), 5)
    assert (remote.space(), remote.reserve_bytes) == (None, 0)
