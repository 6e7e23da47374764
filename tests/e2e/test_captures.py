"""A recording that is sent while it is made becomes a transcript, whatever dies meanwhile."""

import base64
import hashlib
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.audio.resampling import Samples
from securetranscribe import ApiError, ConnectionFailedError, SecureTranscribeClient
from tests.e2e.stack import JOB_SECONDS, Completed, Stack
from tests.live_recordings import RATE, chunks, webm

pytestmark = pytest.mark.e2e
_AWAY_SECONDS = 60.0


def _speech(sample: Path, start: float, end: float) -> Samples:
    """Return a part of the sample as mono sound of a browser."""
    with wave.open(str(sample), "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        file.setpos(round(start * rate))
        data = file.readframes(round((end - start) * rate))
    sound = np.frombuffer(data, "<i2").reshape(-1, channels).mean(axis=1) / 32768
    times = np.arange(round((end - start) * RATE)) / RATE
    resampled = np.interp(times, np.arange(len(sound)) / rate, sound)
    sound_of_browser: Samples = resampled[None].astype(np.float32)
    return sound_of_browser


def _put(client: SecureTranscribeClient, *arguments: Any, **named: Any) -> dict[str, Any]:
    """Send a chunk as a recorder does: again, until it is acknowledged."""
    deadline = time.monotonic() + _AWAY_SECONDS
    while True:
        try:
            return client.put_chunk(*arguments, **named)
        except (ApiError, ConnectionFailedError) as error:
            if isinstance(error, ApiError) and error.status < 500:
                raise
            assert time.monotonic() < deadline
            time.sleep(0.2)


def _words(state: dict[str, Any]) -> list[str]:
    text = " ".join(segment["text"] for segment in state["segments"])
    return [word.strip(".,?!").lower() for word in text.split()]


async def test_kills_and_a_second_stream(
    stack: Stack, client: SecureTranscribeClient, completed: Completed, sample: Path
) -> None:
    whole = _speech(sample, 0.0, 20.0)
    first, second = (
        chunks(webm(whole[:, : 10 * RATE]), 10_000),
        chunks(webm(whole[:, 10 * RATE :]), 10_000),
    )
    capture_id = client.create_capture("audio/webm;codecs=opus", title="Kills", language="en")[
        "capture_id"
    ]
    victims = {1: "gateway", 3: "transcriber-api"}
    for number, data in enumerate([*first, *second]):
        if number in victims:
            stack.services.process(victims[number]).kill()
            await stack.services.restart(victims[number])
        told = _put(client, capture_id, number, data, starts_stream=number == len(first))
        assert told["next_chunk"] == number + 1

    done = client.finish_capture(capture_id, len(first) + len(second))

    assert (done["state"], done["missing"], done["error"]) == ("completed", [], None)
    state = client.wait(done["transcription_id"], timeout_seconds=JOB_SECONDS)
    assert 15.0 < state["segments"][-1]["end_time"] < 20.5
    words = _words(state)
    assert len(words) > 20
    # Words at the joint and at the end may differ.
    assert len(set(words) & set(_words(completed.state))) > 0.8 * len(set(words))
    client.delete_transcription(done["transcription_id"])


def test_protocol(client: SecureTranscribeClient, sample: Path) -> None:
    data = webm(_speech(sample, 7.0, 10.0))
    parts = chunks(data, 4_000)
    with pytest.raises(ApiError) as caught:
        client.create_capture("text/html")
    assert (caught.value.status, caught.value.details) == (400, {"field": "media_type"})
    created = client.create_capture("audio/webm", auto_start=False, request_id="once")
    assert client.create_capture("audio/webm", request_id="once") == created
    capture_id = created["capture_id"]
    assert (created["state"], created["next_chunk"], created["title"]) == ("receiving", 0, "")

    path = f"/captures/{capture_id}/chunks/0"
    for checksum, status in ((_checksum("sha1", parts[0]), 400), (_checksum("sha256", b"x"), 460)):
        with pytest.raises(ApiError) as caught:
            client.request("PUT", path, headers={"Upload-Checksum": checksum}, content=parts[0])
        assert caught.value.status == status
    with pytest.raises(ApiError) as caught:
        client.put_chunk(capture_id, 0, b"x" * (3 * 1024 * 1024 + 1))
    assert (caught.value.status, caught.value.details) == (400, {"field": "body"})
    told = client.put_chunk(capture_id, 2, parts[2])
    assert (told["next_chunk"], told["missing"]) == (0, [0, 1])
    with pytest.raises(ApiError) as caught:
        client.put_chunk(capture_id, 2, parts[0])
    assert (caught.value.status, caught.value.details) == (409, {"number": "2"})
    with pytest.raises(ApiError) as caught:
        client.finish_capture(capture_id, 4)
    assert (caught.value.status, caught.value.details) == (409, {"missing": [0, 1, 3]})

    for number, part in enumerate(parts):
        told = client.put_chunk(capture_id, number, part)
    assert told["stored_bytes"] == len(data)
    assert client.list_captures() == [told]
    done = client.finish_capture(capture_id, len(parts))
    assert (done["state"], done["job_id"]) == ("completed", None)
    with pytest.raises(ApiError) as caught:
        client.put_chunk(capture_id, len(parts), b"late")
    number = done["transcription_id"]
    expected = {"state": "completed", "transcription_id": str(number)}
    assert (caught.value.status, caught.value.details) == (409, expected)
    assert client.get_status(number)["status"] == "pending"
    client.delete_transcription(number)

    discarded = client.create_capture("audio/webm")["capture_id"]
    client.discard_capture(discarded)
    assert client.get_capture(discarded)["state"] == "discarded"


def _checksum(algorithm: str, data: bytes) -> str:
    digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"
