"""An ended session is taken up again by every service, and erased when its time is over."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from websockets.sync.client import connect

from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.contract import EVENTS
from tests.e2e.owners import token_of
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

_END = "UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE session_id = %s"
_OWNERS = """
SELECT workspace_id, array_agg(DISTINCT session_id) AS sessions FROM transcriptions
WHERE id = %s GROUP BY workspace_id
"""
_ERASED = "SELECT erased_by FROM ended_workspaces WHERE workspace_id = %s AND erased_at IS NOT NULL"
_LEFT = "SELECT count(*) FROM transcriptions WHERE workspace_id = %s"


def end(stack: Stack, client: SecureTranscribeClient) -> str:
    """Let a client's session end by time, and return its id."""
    session_id = str(client.get_session()["session_id"])
    with psycopg.connect(stack.servers.postgres.url("gateway"), autocommit=True) as connection:
        assert connection.execute(_END, (session_id,)).rowcount == 1
    return session_id


def one(stack: Stack, service: str, query: str, *parameters: object) -> Any:
    """Return the first row of a query in a service's tables."""
    with psycopg.connect(stack.servers.postgres.url(service)) as connection:
        return connection.execute(query.encode(), parameters).fetchone()


def test_a_resumed_session_owns_what_the_ended_one_made(stack: Stack, sample: Path) -> None:
    with stack.client() as client, stack.client() as stranger:
        with sample.open("rb") as file:
            number = client.upload_audio(file, auto_start=True)["transcription_id"]
        client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        client.add_term("Quagga")
        folder = client.create_folder("Calls")["folder_id"]
        folder = client.create_folder("2026", parent_id=folder)["folder_id"]
        tag = client.create_tag("Urgent")["tag_id"]
        client.update_transcription(number, folder_id=folder, tag_ids=[tag], favorite=True)
        first = end(stack, client)
        with pytest.raises(ApiError) as caught:
            client.get_session()
        assert caught.value.status == 401
        old = token_of(client)

        second = client.resume()

        assert second["session_id"] != first
        state = client.get_status(number)
        assert state["status"] == "completed"
        assert state["session_id"] == first
        listed = client.list_transcriptions()["transcriptions"]
        assert [item["id"] for item in listed] == [number]
        assert client.export_transcription(number, "txt")
        assert client.assign_speakers(number, {"Speaker_1": "Anna"})
        content = io.BytesIO()
        client.archive(content)
        with zipfile.ZipFile(content) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            assert manifest["complete"] is True
            [entry] = manifest["transcriptions"]
            assert (entry["folder"], entry["tags"]) == ("Calls/2026", ["Urgent"])
            assert entry["favorite"] is True
            assert "Quagga" in archive.read("vocabulary.csv").decode()
            assert archive.read(f"{number}/recording/{sample.name}") == sample.read_bytes()
            transcript = archive.read(f"{number}/transcript.txt").decode()
            assert " ".join(state["segments"][0]["text"].split()[:3]) in transcript
            assert archive.read(f"{number}/clips/Speaker_1.flac").startswith(b"fLaC")

        with pytest.raises(ApiError) as caught:
            stranger.get_status(number)
        assert caught.value.status == 404
        with stack.client(old) as again, pytest.raises(ApiError) as caught:
            again.resume()
        assert caught.value.status == 401
        owners = one(stack, "transcriber", _OWNERS, number)
        assert owners == (first, [first])


def test_jobs_of_a_resumed_session_reach_its_websocket(stack: Stack, clip: bytes) -> None:
    with stack.client() as client:
        end(stack, client)
        client.resume()
        url = f"{stack.base_url.replace('http', 'ws', 1)}/ws?token={token_of(client)}"
        with connect(url, proxy=None, open_timeout=60) as websocket:
            assert json.loads(websocket.recv(60))["type"] == "queue_update"
            started = client.upload_audio(io.BytesIO(clip), filename="a.wav", auto_start=True)
            message: dict[str, Any] = {"type": ""}
            while message["type"] != "job_completed":
                message = json.loads(websocket.recv(JOB_SECONDS))
                assert EVENTS[message["type"]](message["data"])
        assert message["data"]["job_id"] == started["job_id"]


def test_an_invalidated_session_is_erased_by_every_service(stack: Stack, clip: bytes) -> None:
    with stack.client() as client:
        uploaded = client.upload_audio(io.BytesIO(clip), filename="a.wav")
        assert uploaded["transcription_id"]
        workspace = client.get_session()["session_id"]
        headers = {"Authorization": f"Bearer {token_of(client)}"}
        httpx2.delete(
            f"{stack.base_url}/api/sessions/current", headers=headers, timeout=60
        ).raise_for_status()
        with pytest.raises(ApiError) as caught:
            client.resume()
        assert caught.value.status == 401
    [erased_by] = _eventually(lambda: one(stack, "gateway", _ERASED, workspace))
    assert erased_by.keys() >= {"transcriber", "speakers", "idempotency-keys", "audit"}
    assert one(stack, "transcriber", _LEFT, workspace) == (0,)


def _eventually(find: Callable[[], Any], seconds: float = JOB_SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = find()
        if found is not None:
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")
