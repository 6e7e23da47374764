"""The audit log of the whole product: entries of the services behind the gateway."""

import io
import wave
from typing import Any

import httpx2
import pytest

from tests.e2e.stack import Stack, eventually

pytestmark = pytest.mark.e2e


def silence() -> bytes:
    """Return a second of silence as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(32000))
    return file.getvalue()


def test_life_of_a_recording_is_in_the_log(stack: Stack) -> None:
    with httpx2.Client(base_url=stack.base_url, timeout=60) as client:
        token = client.post("/api/sessions/create").json()["data"]["session_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        uploaded = client.post(
            "/api/transcription/upload",
            files={"file": ("Patient Smith.wav", silence(), "audio/wav")},
            data={"auto_start": "false"},
        )
        assert uploaded.status_code == 201, uploaded.text
        number = uploaded.json()["data"]["transcription_id"]
        assert client.get("/api/transcription/list").status_code == 200
        assert client.delete("/api/transcription/999999999").status_code == 404
        assert client.delete(f"/api/transcription/{number}").status_code == 200

        def entries() -> list[Any]:
            answer = client.get("/api/audit", params={"action": "transcription."})
            assert answer.status_code == 200, answer.text
            found: list[Any] = answer.json()["data"]["entries"]
            return found if len(found) == 3 else []

        deleted, refused, created = eventually(entries)
        exported = client.get("/api/audit/export", params={"format": "csv"})

    assert [deleted["action"], refused["action"], created["action"]] == [
        "transcription.delete",
        "transcription.delete",
        "transcription.create",
    ]
    assert deleted["target"] == created["target"] == {"kind": "transcription", "ids": [str(number)]}
    assert (refused["outcome"], refused["code"]) == ("failed", "NOT_FOUND")
    for entry in (deleted, refused, created):
        assert (entry["service"], entry["door"]) == ("transcriber", "rest")
        assert entry["address"] == "127.0.0.1"
        assert entry["actor"]["kind"] == "session"
    assert "transcription.create" in exported.text
    assert "Smith" not in f"{exported.text}{deleted}{refused}{created}"
