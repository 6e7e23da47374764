"""Work on the recordings of a watched directory."""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.cli import attempts, batch, folder, watch
from securetranscribe.cli.batch import Batch
from securetranscribe.cli.credentials import Login
from securetranscribe.cli.folder import Folder
from securetranscribe.cli.journal import Journal
from securetranscribe.cli.outputs import Outputs
from securetranscribe.cli.progress import Bars
from tests.unit.securetranscribe.cli.test_transcribe import Server

Answer = Callable[[httpx2.Request], httpx2.Response]


class Said(Bars):
    """Messages instead of bars."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def say(self, text: str) -> None:
        """Keep a message."""
        self._said.append(text)


class Inbox:
    """A watched directory, with a server that answers as tests wish."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self.path = path / "inbox"
        self.path.mkdir()
        self.watched = Folder(
            path=self.path,
            done=Path("done"),
            failed=Path("failed"),
            settle_seconds=0,
            ledger=path / "ledger.json",
        )
        self._journal = Journal(path / "unfinished")

    def add(self, name: str, content: bytes) -> Path:
        """Add a recording."""
        recording = self.path / name
        recording.write_bytes(content)
        return recording

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory."""
        return sorted(one.name for one in (self.path / directory).glob("*"))

    async def watch_until(
        self, settled: Callable[[], bool], *, outputs: Outputs | None = None
    ) -> None:
        """Watch until a condition holds."""
        stopped = asyncio.Event()
        work = Batch(
            login=Login(url="http://test/api", token="t"),
            options={},
            outputs=outputs,
            bars=Said(self.said),
            at_once=2,
            journal=self._journal,
        )
        watcher = watch._Watcher(argparse.Namespace(json=False), self.watched, work)
        running = asyncio.create_task(watcher.run(stopped))
        try:
            async with asyncio.timeout(20):
                while not settled():
                    assert not running.done(), "the watcher has ended"
                    await asyncio.sleep(0.01)
        finally:
            stopped.set()
            await running
            await watcher.close()
            await work.close()


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr(watch, "_INTERVAL", 0.02)
    monkeypatch.setattr(attempts, "_FIRST_PAUSE", 0.0)
    return Inbox(tmp_path)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Return a function that makes the server."""

    def one(answer: Answer) -> None:
        def client(url: str, token: str | None) -> AsyncSecureTranscribeClient:
            transport = httpx2.MockTransport(answer)
            return AsyncSecureTranscribeClient(url, token, retries=0, transport=transport)

        monkeypatch.setattr(batch, "AsyncSecureTranscribeClient", client)

    return one


async def test_a_recording_that_grows_at_work_is_transcribed_whole(
    inbox: Inbox, serve: Callable[[Answer], None]
) -> None:
    server = Server()
    recording = inbox.add("a.wav", b"first half")
    sizes: list[int] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        answered = server(request)
        if request.url.path.endswith("/uploads"):
            sizes.append(server.size)
        if request.method == "PATCH" and len(sizes) == 1:
            recording.write_bytes(b"first half, second half")
        return answered

    serve(answer)
    await inbox.watch_until(lambda: bool(inbox.names("done")))
    assert sizes == [len(b"first half"), len(b"first half, second half")]
    assert (inbox.path / "done/a.wav").read_bytes() == b"first half, second half"
    assert inbox.said[0] == (
        "a.wav: The recording changed while it was transcribed. It is taken again."
    )


async def test_a_recording_that_fails_because_it_grows_is_not_set_aside(
    inbox: Inbox, serve: Callable[[Answer], None]
) -> None:
    server = Server()
    recording = inbox.add("a.wav", b"noise")

    def answer(request: httpx2.Request) -> httpx2.Response:
        answered = server(request)
        if answered.status_code == 400:
            recording.write_bytes(b"sound")
        return answered

    serve(answer)
    await inbox.watch_until(lambda: bool(inbox.names("done")))
    assert inbox.names("failed") == []


async def test_recordings_wait_for_a_server_behind_a_proxy(
    inbox: Inbox, serve: Callable[[Answer], None]
) -> None:
    server = Server()
    inbox.add("a.wav", b"sound")
    away = iter([502, 504] * 6)

    def answer(request: httpx2.Request) -> httpx2.Response:
        status = next(away, None)
        return server(request) if status is None else httpx2.Response(status, text="proxy")

    serve(answer)
    await inbox.watch_until(lambda: bool(inbox.names("done")))
    assert inbox.names("failed") == []


async def test_a_recording_that_cannot_be_set_aside_does_not_end_the_watch(
    inbox: Inbox, serve: Callable[[Answer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    move = folder._move

    def moved(path: Path, directory: Path) -> Any:
        if path.name == "a.wav":
            raise PermissionError(13, "Permission denied", str(path))
        return move(path, directory)

    monkeypatch.setattr(folder, "_move", moved)
    inbox.add("a.wav", b"noise")
    serve(Server())
    await inbox.watch_until(lambda: bool(inbox.said))
    assert inbox.said[0].startswith("a.wav: [Errno 13] Permission denied")
    inbox.add("b.wav", b"sound")
    (inbox.path / "a.wav").unlink()
    await inbox.watch_until(lambda: inbox.names("done") == ["b.wav"])


async def test_a_recording_deleted_on_the_server_is_not_sent_again(
    inbox: Inbox, serve: Callable[[Answer], None]
) -> None:
    server = Server()
    inbox.add("a.wav", b"sound")

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.startswith("/api/transcription/status"):
            error = {"code": "NOT_FOUND", "message": "There is none.", "details": {}}
            return httpx2.Response(404, json={"error": error})
        return server(request)

    serve(answer)
    await inbox.watch_until(lambda: len(inbox.names("failed")) == 2)
    assert len(server.created) == 1
    assert inbox.names("failed") == ["a.wav", "a.wav.error.txt"]
    assert "deleted on the server" in (inbox.path / "failed/a.wav.error.txt").read_text()


async def test_a_later_recording_of_the_same_name_gets_results_of_its_own(
    inbox: Inbox, serve: Callable[[Answer], None]
) -> None:
    serve(Server())
    outputs = Outputs.chosen(None, ("srt",), several=True, keep=True)
    inbox.add("a.wav", b"sound")
    await inbox.watch_until(lambda: len(inbox.names("done")) == 1, outputs=outputs)
    (inbox.path / "a.srt").write_text("the first transcript")
    inbox.add("a.wav", b"other sound")
    # As after a restart.
    outputs = Outputs.chosen(None, ("srt",), several=True, keep=True)
    await inbox.watch_until(lambda: len(inbox.names("done")) == 2, outputs=outputs)
    assert (inbox.path / "a.srt").read_text() == "the first transcript"
    assert (inbox.path / "a-2.srt").read_bytes() == b"srt"


async def test_an_interrupted_recording_gets_one_result(
    inbox: Inbox, serve: Callable[[Answer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(Server())
    move = folder._move
    failures = iter([OSError("the disk is away")])

    def moved(path: Path, directory: Path) -> Any:
        for failure in failures:
            raise failure
        return move(path, directory)

    monkeypatch.setattr(folder, "_move", moved)
    outputs = Outputs.chosen(None, ("srt",), several=True, keep=True)
    inbox.add("a.wav", b"sound")
    await inbox.watch_until(lambda: bool(inbox.names("done")), outputs=outputs)
    assert sorted(path.name for path in inbox.path.glob("*.srt")) == ["a.srt"]
