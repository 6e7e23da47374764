import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from devstack import disk
from devstack.disk import free_bytes, require_room, restart_obstacle, shortage
from devstack.errors import NoRoomError
from devstack.files import DataDirectory


@pytest.fixture
def files(tmp_path: Path) -> DataDirectory:
    return DataDirectory(root=tmp_path / "not" / "yet")


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))


def test_the_disk_of_a_directory_that_does_not_exist_yet(tmp_path: Path) -> None:
    free = free_bytes(tmp_path / "not" / "yet")
    assert 0 < free <= shutil.disk_usage(tmp_path).total


def test_too_little_space_for_a_new_stack_is_reported_in_one_line(
    files: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 300 * 1024**2)
    with pytest.raises(NoRoomError) as caught:
        require_room(files)
    message = str(caught.value)
    assert str(files.root) in message
    assert "300 MB free" in message
    assert f"{disk.NEW_STACK_BYTES // 1024**2} MB" in message
    assert "\n" not in message


def test_a_stack_with_data_needs_less(
    files: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.server("postgres").mkdir(parents=True)
    leave(monkeypatch, disk.OLD_STACK_BYTES)
    require_room(files)
    leave(monkeypatch, disk.OLD_STACK_BYTES - 1)
    with pytest.raises(NoRoomError):
        require_room(files)


def test_uploads_stop_first_when_the_disk_fills() -> None:
    assert (
        disk.NEW_STACK_BYTES
        > disk.UPLOAD_RESERVE_BYTES
        > disk.OLD_STACK_BYTES
        > disk.OBJECT_RESERVE_BYTES
        > disk.RESTART_BYTES
    )


def test_nothing_is_restarted_on_a_full_disk(
    files: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 3 * 1024**2)
    assert restart_obstacle(files) == "the disk is full (3 MB free)"
    leave(monkeypatch, disk.RESTART_BYTES)
    assert restart_obstacle(files) is None


def test_a_shortage_is_reported_with_the_figures(
    files: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, disk.UPLOAD_RESERVE_BYTES)
    assert shortage(files) is None
    leave(monkeypatch, 200 * 1024**2)
    said = shortage(files)
    assert said is not None
    assert "200 MB free. Uploads are rejected until it has 256 MB" in said
