"""Commands for administrators, against a server in this process."""

# ruff: noqa: N802 - methods have the names of the contract

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from securetranscribe import cli
from securetranscribe.cli import admin
from securetranscribe.v1 import admin_pb2, admin_pb2_grpc, transcription_pb2

TOKEN = "a token of administrators, long enough"


class FakeAdmin(admin_pb2_grpc.AdminServiceServicer):
    """Notes requests, and refuses those without the token."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def ListStoredTranscriptions(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        item = admin_pb2.StoredTranscription(
            transcription_id=7 + request.offset,
            status=transcription_pb2.TRANSCRIPTION_STATUS_PENDING,
            workspace_id="session_a",
            size_bytes=1_000_000,
            recording_stored=True,
        )
        return admin_pb2.ListStoredTranscriptionsResponse(transcriptions=[item], total=2)

    def EraseTranscription(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        return admin_pb2.EraseTranscriptionResponse()

    def EraseOwner(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        return admin_pb2.EraseOwnerResponse(transcriptions=3)

    def EraseVoice(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        context.abort(grpc.StatusCode.NOT_FOUND, "There is no such voice.")

    def GetStorageFigures(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        return admin_pb2.GetStorageFiguresResponse(transcriptions=1200, recordings=3)

    def ListWorkspaceFigures(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        item = admin_pb2.WorkspaceFigures(
            workspace_id=f"workspace_{request.offset}",
            transcriptions=3,
            recording_bytes=1_000_000,
            playback_bytes=234_567,
        )
        return admin_pb2.ListWorkspaceFiguresResponse(workspaces=[item], total=2)

    def EncryptRecordings(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        figures = admin_pb2.EncryptionFigures(encrypted=1, plain=2, running=True)
        return admin_pb2.EncryptRecordingsResponse(figures=figures)

    def GetEncryptionFigures(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        figures = admin_pb2.EncryptionFigures(encrypted=2, plain=1, set_aside=1)
        return admin_pb2.GetEncryptionFiguresResponse(figures=figures)

    def ListErasures(self, request: Any, context: Any) -> Any:
        self._check(request, context)
        erasure = admin_pb2.Erasure(
            kind=admin_pb2.ERASURE_KIND_VOICE, subject="9", reason="profile deleted"
        )
        return admin_pb2.ListErasuresResponse(erasures=[erasure], total=1)

    def _check(self, request: Any, context: Any) -> None:
        if dict(context.invocation_metadata()).get("x-admin-token") != TOKEN:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not an administrator")
        self.asked.append(request)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAdmin]:
    fake = FakeAdmin()  # type: ignore[abstract]
    server = grpc.server(ThreadPoolExecutor(1))
    admin_pb2_grpc.add_AdminServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("TRANSCRIBER_GRPC", f"127.0.0.1:{port}")
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN)
    yield fake
    server.stop(None).wait()


def test_list_asks_for_all_pages(service: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["admin", "list", "--owner", "session_a", "--older-than", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["7", "8"]
    assert "pending" in lines[0]
    assert "1,000,000" in lines[0]
    assert lines[0].endswith("session_a")
    assert [(one.owner, one.min_age.seconds, one.offset) for one in service.asked] == [
        ("session_a", 172_800, 0),
        ("session_a", 172_800, 1),
    ]


def test_workspaces_are_listed_with_their_figures(
    service: FakeAdmin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["admin", "workspaces"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["workspace_0", "workspace_1"]
    assert "1,234,567" in lines[0]
    assert [one.offset for one in service.asked] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["figures"], "1,200"),
        (["erasures"], "profile deleted"),
        (["erase-transcription", "7"], "erased transcription 7"),
        (["erase-session", "session_a"], "erased 3 transcriptions of session_a"),
    ],
)
def test_results_are_printed(
    service: FakeAdmin, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert cli.main(["admin", *arguments]) == 0
    assert said in capsys.readouterr().out
    assert len(service.asked) == 1


def test_encryption_is_followed_until_nothing_is_left(
    service: FakeAdmin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(admin, "_POLL_SECONDS", 0.0)
    assert cli.main(["admin", "encrypt-recordings", "--no-wait"]) == 0
    assert len(service.asked) == 1
    assert cli.main(["admin", "encrypt-recordings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["1", "1", "2"]
    assert "1 set aside" in lines[2]
    assert "set-aside list" in lines[3]


def test_errors_are_told(service: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["admin", "erase-voice", "9"]) == 1
    assert capsys.readouterr().err == "securetranscribe: There is no such voice.\n"
    assert service.asked[0].speaker_id == 9


@pytest.mark.usefixtures("service")
def test_token_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    monkeypatch.setenv("ADMIN_TOKEN", "another one")
    assert cli.main(["admin", "figures"]) == 1
    monkeypatch.setenv("ADMIN_TOKEN_FILE", str(path))
    assert cli.main(["admin", "figures"]) == 0
    monkeypatch.delenv("ADMIN_TOKEN_FILE")
    monkeypatch.delenv("ADMIN_TOKEN")
    assert cli.main(["admin", "figures"]) == 2
    assert "set ADMIN_TOKEN" in capsys.readouterr().err
