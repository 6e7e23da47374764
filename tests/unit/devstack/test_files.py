import stat
from pathlib import Path

import pytest

from devstack.files import (
    DataDirectory,
    lines_after,
    read_object,
    tail,
    write_object,
    write_private,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_directory_is_private(tmp_path: Path) -> None:
    files = DataDirectory(root=tmp_path / "deep" / "data")
    files.create()
    files.create()
    assert [mode(path) for path in (files.root, files.run, files.logs)] == [0o700] * 3


def test_paths_by_name(tmp_path: Path) -> None:
    files = DataDirectory(root=tmp_path)
    assert files.log("nats") == tmp_path / "logs" / "nats.log"
    assert files.pid_file("nats") == tmp_path / "run" / "nats.pid"
    assert files.server("nats") == tmp_path / "nats"


def test_a_private_file_replaces_a_public_one(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_only_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_objects_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "object.json"
    write_object(path, {"a": 1})
    assert read_object(path) == {"a": 1}


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "3"])
def test_invalid_objects_are_read_as_empty(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "object.json"
    if text is not None:
        path.write_text(text)
    assert read_object(path) == {}


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(100_000)) + b"\xff\n")
    assert tail(path, 2) == "line 99999\n\ufffd"
    assert tail(tmp_path / "missing") == ""


def test_lines_after_a_position(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("one\ntwo\n")
    lines, end = lines_after(path, 4)
    assert (lines, end) == (["two"], 8)
    assert lines_after(path, end) == ([], 8)


def test_a_rotated_log_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("new\n")
    assert lines_after(path, 1000) == (["new"], 4)
    assert lines_after(tmp_path / "missing", 1000) == ([], 0)
