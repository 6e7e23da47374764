import errno
import shutil
import stat
from pathlib import Path

import pytest

from devstack.logs import KEPT_LOGS, bound, rotate


def test_a_small_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_text("short")
    bound(log, largest=10)
    assert log.read_text() == "short"
    assert list(tmp_path.iterdir()) == [log]


def test_a_missing_log_is_fine(tmp_path: Path) -> None:
    bound(tmp_path / "nats.log", largest=10)
    rotate(tmp_path / "nats.log")
    assert list(tmp_path.iterdir()) == []


def test_a_large_log_is_rotated_while_it_is_written_to(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * 11)
        bound(log, largest=10)
        writer.write(b"next")
    assert log.read_text() == "next"
    kept = tmp_path / "nats.log.1"
    assert kept.read_text() == "a" * 11
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_limited_number_of_old_logs_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    for number in range(KEPT_LOGS + 3):
        log.write_text(f"{number} is long enough")
        bound(log, largest=10)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["nats.log", *(f"nats.log.{number + 1}" for number in range(KEPT_LOGS))]
    assert (tmp_path / "nats.log.1").read_text().startswith(str(KEPT_LOGS + 2))


def test_a_log_that_cannot_be_copied_is_still_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    log = tmp_path / "nats.log"
    log.write_text("long enough")
    bound(log, largest=5)
    assert log.read_text() == ""
    assert list(tmp_path.iterdir()) == [log]
