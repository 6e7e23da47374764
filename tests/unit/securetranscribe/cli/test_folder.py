"""Recordings that arrive in a watched directory."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from securetranscribe.cli import files
from securetranscribe.cli.folder import Folder


class Clock:
    """Time that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    for module in ("attempts", "folder"):
        path = f"securetranscribe.cli.{module}.time"
        monkeypatch.setattr(path, SimpleNamespace(monotonic=one))
    return one


def folder(tmp_path: Path, *, done: Path | None = None) -> Folder:
    inbox = tmp_path / "inbox"
    inbox.mkdir(exist_ok=True)
    return Folder(
        path=inbox,
        done=done,
        failed=Path("failed"),
        settle_seconds=5,
        ledger=tmp_path / "ledger.json",
    )


def names(watched: Folder) -> list[str]:
    return [path.name for path in watched.ready()]


def test_files_are_taken_once_they_stopped_growing(tmp_path: Path, clock: Clock) -> None:
    watched = folder(tmp_path)
    growing = watched.path / "a.wav"
    growing.write_bytes(b"s")
    assert names(watched) == []
    clock.now += 4
    growing.write_bytes(b"sound")
    assert names(watched) == []
    clock.now += 4
    assert names(watched) == []
    clock.now += 1
    assert names(watched) == ["a.wav"]


def test_empty_hidden_and_other_files_are_left_alone(tmp_path: Path, clock: Clock) -> None:
    watched = folder(tmp_path)
    for name in ("empty.wav", ".hidden.wav", "notes.txt", "a.wav.part"):
        (watched.path / name).write_bytes(b"" if name == "empty.wav" else b"x")
    (watched.path / "folder.wav").mkdir()
    watched.ready()
    clock.now += 60
    assert names(watched) == []


def test_finished_files_are_remembered_by_another_run(tmp_path: Path, clock: Clock) -> None:
    watched = folder(tmp_path)
    recording = watched.path / "a.wav"
    recording.write_bytes(b"sound")
    watched.ready()
    assert watched.finish(recording, files.fingerprint(recording), ["a.srt"]) == ["a.srt"]
    again = folder(tmp_path)
    again.ready()
    clock.now += 10
    assert names(again) == []
    recording.write_bytes(b"another sound")
    again.ready()
    clock.now += 10
    assert names(again) == ["a.wav"]


def test_finished_files_are_moved_without_replacing_others(tmp_path: Path, clock: Clock) -> None:
    watched = folder(tmp_path, done=Path("done"))
    for content in (b"one", b"two"):
        recording = watched.path / "a.wav"
        recording.write_bytes(content)
        assert watched.finish(recording, files.fingerprint(recording), ["a.srt"]) == ["a.srt"]
    assert (watched.path / "done/a.wav").read_bytes() == b"one"
    assert (watched.path / "done/a-2.wav").read_bytes() == b"two"


@pytest.mark.parametrize("done", [None, Path("done")])
def test_files_that_changed_at_work_are_taken_again(
    tmp_path: Path, clock: Clock, done: Path | None
) -> None:
    watched = folder(tmp_path, done=done)
    recording = watched.path / "a.wav"
    recording.write_bytes(b"first half")
    taken = files.fingerprint(recording)
    recording.write_bytes(b"first half, second half")
    assert watched.finish(recording, taken, ["a.srt"]) is None
    assert recording.read_bytes() == b"first half, second half"
    watched.ready()
    clock.now += 10
    assert names(watched) == ["a.wav"]


def test_failed_files_are_set_aside_with_their_reason(tmp_path: Path, clock: Clock) -> None:
    watched = folder(tmp_path)
    (watched.path / "a.wav").write_bytes(b"noise")
    moved = watched.set_aside(watched.path / "a.wav", "Not audio.")
    assert moved == str(watched.path / "failed/a.wav")
    assert (watched.path / "failed/a.wav.error.txt").read_text() == "Not audio.\n"


def test_postponed_files_wait_longer_each_time(tmp_path: Path, clock: Clock) -> None:
    watched = folder(tmp_path)
    recording = watched.path / "a.wav"
    recording.write_bytes(b"sound")
    watched.ready()
    clock.now += 10
    assert [watched.postpone(recording) for _ in range(3)] == [10, 20, 40]
    assert names(watched) == []
    assert not watched.hopeless(recording)
    clock.now += 41
    assert names(watched) == ["a.wav"]
    for _ in range(10):
        longest = watched.postpone(recording)
    assert longest == 300
    assert watched.hopeless(recording)
