"""Archive of everything that a session owns."""

import io
import json
import zipfile
from typing import Any

import httpx2
import pytest

from common.errors import UnavailableError
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload

ARCHIVE = "/api/sessions/current/archive"


async def opened(client: httpx2.AsyncClient) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    """Return the caller's archive and its manifest."""
    answer = await client.get(ARCHIVE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment;")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("manifest.json"))


async def test_everything_is_in_one_archive(client: httpx2.AsyncClient, peers: Peers) -> None:
    done = await complete(client, peers)
    pending = await upload(client)
    archive, manifest = await opened(client)
    names = archive.namelist()
    assert names[-1] == "manifest.json"
    filename = peers.transcriber.transcriptions[done].file.filename
    assert archive.read(f"{done}/recording/{filename}") == b"RIFF and more"
    assert archive.read(f"{done}/transcript.json") == b"%first second"
    assert archive.read(f"{done}/transcript.txt") == b"%first second"
    assert archive.read(f"{done}/clips/Speaker_1.flac") == b"fLaC of one voice"
    assert not [name for name in names if name.startswith(f"{pending}/transcript")]
    assert manifest["complete"] is True
    listed = {entry["transcription_id"]: entry for entry in manifest["transcriptions"]}
    assert listed.keys() == {done, pending}
    assert (listed[done]["status"], listed[pending]["status"]) == ("completed", "pending")
    assert [f"{done}/transcript.json" in listed[done]["files"], listed[done]["problems"]] == [
        True,
        [],
    ]


async def test_the_vocabulary_is_a_table(
    client: httpx2.AsyncClient, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "type,heard,meant\r\nterm,,Quagga\r\n"
    monkeypatch.setattr(peers.vocabulary, "table", table)
    archive, manifest = await opened(client)
    assert archive.read("vocabulary.csv").decode() == table
    assert manifest["workspace"] == {"files": ["vocabulary.csv"], "problems": []}


async def test_folders_that_cannot_be_read_are_a_problem(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    """The fake transcriber has none."""
    done = await complete(client, peers)
    peers.transcriber.transcriptions[done].folder_id = 7
    _, manifest = await opened(client)
    assert manifest["complete"] is False
    assert manifest["transcriptions"][0]["folder"] == ""
    assert [problem["file"] for problem in manifest["workspace"]["problems"]] == ["folders"]


async def test_a_recording_that_is_gone_is_no_problem(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    done = await complete(client, peers)
    peers.transcriber.transcriptions[done].file.available = False
    archive, manifest = await opened(client)
    assert not [name for name in archive.namelist() if "/recording/" in name]
    assert archive.read(f"{done}/playback.webm") == peers.playback.sound
    assert manifest["complete"] is True
    assert manifest["transcriptions"][0]["recording_kept"] is False


async def test_an_item_that_fails_is_listed(
    client: httpx2.AsyncClient, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await complete(client, peers)
    monkeypatch.setattr(peers.transcriber, "broken", True)
    archive, manifest = await opened(client)
    assert f"{done}/transcript.json" in archive.namelist()
    assert manifest["complete"] is False
    [problem] = manifest["transcriptions"][0]["problems"]
    assert problem["file"].startswith(f"{done}/recording/")
    assert problem["reason"] == "The object store does not answer."
    assert problem["incomplete"] is True


async def test_an_empty_session_has_an_archive(client: httpx2.AsyncClient) -> None:
    archive, manifest = await opened(client)
    assert archive.namelist() == ["manifest.json"]
    assert manifest["transcriptions"] == []


async def test_archives_have_only_the_own_recordings(
    client: httpx2.AsyncClient, running: Any, peers: Peers
) -> None:
    await complete(client, peers)
    async with running.client() as other:
        _, manifest = await opened(other)
    assert manifest["transcriptions"] == []


async def test_an_outage_is_an_error(
    client: httpx2.AsyncClient, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.get("/api/sessions/current")
    monkeypatch.setattr(peers.transcriber, "failure", UnavailableError("away"))
    answer = await client.get(ARCHIVE)
    assert answer.status_code == 503


async def test_head_has_no_body(client: httpx2.AsyncClient) -> None:
    answer = await client.head(ARCHIVE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/zip"


async def test_upload_meanwhile_changes_no_page(
    client: httpx2.AsyncClient, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = [await upload(client) for _ in range(3)]
    monkeypatch.setattr("gateway.api.archive._PAGE", 1)
    list_page = peers.transcriber.ListTranscriptions

    async def add_before(request: Any, context: Any) -> Any:
        if request.cursor:
            await upload(client)
        return await list_page(request, context)

    monkeypatch.setattr(peers.transcriber, "ListTranscriptions", add_before)
    _, manifest = await opened(client)
    listed = [entry["transcription_id"] for entry in manifest["transcriptions"]]
    assert listed == earlier[::-1]
