"""Two users with a workspace each, one shared transcription and one link, by REST and gRPC."""

import contextlib
import json
from pathlib import Path
from typing import Any

import grpc
import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from securetranscribe.v1 import (
    export_pb2,
    export_pb2_grpc,
    sharing_pb2,
    sharing_pb2_grpc,
    transcript_pb2,
    transcript_pb2_grpc,
)
from tests.e2e.accounts import fresh_token
from tests.e2e.people import PASSWORD, Person, signed_in, user
from tests.e2e.stack import Stack, eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles of the open stack alone, which these tests do not use."""


@pytest.fixture(scope="module")
def administrator(accounts: Stack) -> Person:
    token = fresh_token(accounts)
    return signed_in(accounts, "/auth/setup", setup_token=token, name="Ada", password=PASSWORD)


@pytest.fixture(scope="module")
def olga(accounts: Stack, administrator: Person) -> Person:
    return user(accounts, administrator, "Olga")


@pytest.fixture(scope="module")
def ann(accounts: Stack, administrator: Person) -> Person:
    return user(accounts, administrator, "Ann")


@pytest.fixture(scope="module")
def number(olga: Person, sample: Path) -> int:
    """Return a completed transcription of Olga's workspace."""
    with sample.open("rb") as file:
        form = {"auto_start": "true", "language": "en"}
        uploaded = olga.ask("POST", "/transcription/upload", files={"file": file}, data=form)
    transcription_id: int = uploaded["transcription_id"]
    path = f"/transcription/status/{transcription_id}"
    eventually(lambda: olga.ask("GET", path)["status"] == "completed")
    return transcription_id


def read(person: Person, number: int) -> Any:
    """Read the transcript by gRPC."""
    request = transcript_pb2.ReadTranscriptRequest(transcription_id=number)
    stub = transcript_pb2_grpc.TranscriptServiceStub
    return person.call("transcriber-api", stub, "ReadTranscript", request)


def export(person: Person, number: int) -> Any:
    """Export the transcript by gRPC."""
    request = export_pb2.ExportTranscriptionRequest(
        transcription_id=number, format=export_pb2.EXPORT_FORMAT_TXT
    )
    stub = export_pb2_grpc.ExportServiceStub
    return person.call("exporter", stub, "ExportTranscription", request)


def star(person: Person, number: int) -> int:
    """Edit the transcript by REST. Return the status."""
    page = person.ask("GET", f"/transcription/{number}/transcript")
    segment = page["segments"][0]["id"]
    operations = [{"type": "set_starred", "segment": segment, "starred": True}]
    if page["segments"][0]["starred"]:
        operations[0]["starred"] = False
    return person.status(
        "POST",
        f"/transcription/{number}/edits",
        headers={"If-Match": f'"{page["revision"]}"'},
        json={"operations": operations},
    )


def reached(person: Person, number: int) -> dict[str, int]:
    """Return the statuses of the ways to read a transcription."""
    paths = {
        "status": f"/transcription/status/{number}",
        "transcript": f"/transcription/{number}/transcript",
        "history": f"/transcription/{number}/revisions",
        "playback": f"/transcription/{number}/playback",
        "peaks": f"/transcription/{number}/peaks",
        "voices": f"/transcription/speakers/{number}",
        "clip": f"/transcription/speakers/{number}/Speaker_1/clip",
        "search": f"/search?q=the&transcription_id={number}",
    }
    found = {name: person.status("GET", path) for name, path in paths.items()}
    export_path = f"/transcription/export/{number}"
    found["export"] = person.status("POST", export_path, json={"export_format": "txt"})
    return found


def test_nothing_is_shared_by_itself(ann: Person, number: int) -> None:
    assert set(reached(ann, number).values()) == {404}, reached(ann, number)
    assert read(ann, number) is grpc.StatusCode.NOT_FOUND
    assert export(ann, number) is grpc.StatusCode.NOT_FOUND
    assert ann.ask("GET", "/shared") == []


def test_shared_with_a_user(olga: Person, ann: Person, number: int) -> None:
    shares = f"/transcriptions/{number}/shares"
    share = olga.ask("POST", shares, json={"user": "Ann", "role": "viewer"})
    assert (share["user_id"], share["name"]) == (ann.user_id, "Ann")
    assert set(reached(ann, number).values()) == {200}, reached(ann, number)
    [item] = ann.ask("GET", "/shared")
    assert (item["id"], item["role"], item["tags"], item["folder_id"]) == (
        number, "viewer", [], None,
    )  # fmt: skip
    assert ann.ask("GET", "/transcription/list")["total"] == 0
    assert read(ann, number).total > 0
    assert len(export(ann, number)) > 0
    assert star(ann, number) == 403
    for method, path in (
        ("DELETE", f"/transcription/{number}"),
        ("POST", f"/transcription/{number}/trash"),
        ("POST", f"/transcription/{number}/reprocess"),
        ("GET", shares),
    ):
        body: dict[str, Any] | None = {} if path.endswith("reprocess") else None
        assert ann.status(method, path, json=body) == 403, path
    olga.ask("POST", shares, json={"user": ann.user_id, "role": "editor"})
    assert star(ann, number) == 200
    history = olga.ask("GET", f"/transcription/{number}/revisions")
    assert ann.user_id in json.dumps(history)
    with ann.socket() as socket:
        socket.send(json.dumps({"type": "watch", "transcription_id": number}))

        def heard(kind: str) -> bool:
            with contextlib.suppress(TimeoutError):
                return bool(json.loads(socket.recv(timeout=1))["type"] == kind)
            return False

        assert star(olga, number) == 200
        eventually(lambda: heard("transcript_edited") or (star(olga, number) and False))
        olga.ask("DELETE", f"{shares}/{share['id']}")
        assert set(reached(ann, number).values()) == {404}
        assert read(ann, number) is grpc.StatusCode.NOT_FOUND
        eventually(lambda: heard("access_ended"))


def test_shared_by_a_link(accounts: Stack, olga: Person, ann: Person, number: int) -> None:
    links = f"/transcriptions/{number}/links"
    link = olga.ask("POST", links, json={"password": "open sesame", "without_audio": True})
    opening = {"token": link["token"], "password": "open sesame"}
    with httpx2.Client(base_url=f"{accounts.base_url}/api", timeout=60) as anybody:
        assert anybody.get("/shared").status_code == 401
        wrong = anybody.post("/shared/open", json={**opening, "password": "guess"})
        assert (wrong.status_code, wrong.json()["error"]["details"]["reason"]) == (
            403, "WRONG_PASSWORD",
        )  # fmt: skip
        opened = anybody.post("/shared/open", json=opening)
        assert opened.status_code == 201, opened.text
    visitor = Person(accounts, opened.json()["data"]["session_token"])
    found = reached(visitor, number)
    silent = {"playback", "peaks", "clip"}
    assert {name for name, status in found.items() if status == 403} == silent, found
    assert {status for name, status in found.items() if name not in silent} == {200}, found
    assert [item["id"] for item in visitor.ask("GET", "/shared")] == [number]
    assert visitor.status("GET", "/transcription/list") == 403
    assert visitor.status("POST", links, json={}) == 403
    assert star(visitor, number) == 403

    with grpc.insecure_channel(accounts.services.address("gateway")) as channel:
        stub: Any = sharing_pb2_grpc.LinkServiceStub(channel)
        answer = stub.OpenLink(sharing_pb2.OpenLinkRequest(**opening), timeout=60)
    native = Person(accounts, answer.session_token)
    assert read(native, number).total > 0
    assert len(export(native, number)) > 0

    with visitor.socket() as socket:
        olga.ask("DELETE", f"{links}/{link['id']}")
        assert read(native, number) in (
            grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED,
        )  # fmt: skip
        assert set(reached(visitor, number).values()) <= {401, 404}
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=120)
    uses = olga.ask("GET", f"{links}/{link['id']}/uses")
    assert [use["outcome"] for use in uses] == ["revoked", "revoked", "wrong_password"]
    assert set(reached(ann, number).values()) == {404}
    for process in accounts.services.processes:
        assert link["token"] not in process.log.read_text(errors="replace"), process.name
