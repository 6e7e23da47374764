"""Playback of recordings over the JSON API, with a worker that is killed in the middle."""

import asyncio
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE, Samples
from common.objects import ObjectStore
from common.settings import ObjectSettings
from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import queue_pb2
from tests.e2e.contract import Api, upload, wait
from tests.e2e.contract import client as http_client
from tests.e2e.recordings import repeated
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.e2e.test_recovery import at_work, completed, until
from tests.unit.common.audio.sounds import lag

pytestmark = pytest.mark.e2e

_WORKER = "transcriber-worker-1"
#: Bytes per request of a player.
_PIECE = 20_000


def samples(sound: bytes) -> Samples:
    return np.concatenate(list(decode(io.BytesIO(sound))))


def played(api: Api, number: int) -> bytes:
    """Return the copy of a recording, read as players do: two bytes, then piece by piece."""
    path = f"/transcription/{number}/playback"
    first = api.http.get(path, headers={"Range": "bytes=0-1"})
    assert (first.status_code, len(first.content)) == (206, 2)
    tag = first.headers["etag"]
    size = int(first.headers["content-range"].rpartition("/")[2])
    sound = b""
    while len(sound) < size:
        asked = f"bytes={len(sound)}-{len(sound) + _PIECE - 1}"
        piece = api.http.get(path, headers={"Range": asked, "If-Range": tag})
        assert piece.status_code == 206
        sound += piece.content
    assert len(sound) == size
    return sound


def alike(copy: Samples, original: Samples) -> None:
    """Check that a copy has the sound of the original at the same times."""
    assert abs(len(copy) - len(original)) <= SAMPLE_RATE // 50
    assert abs(lag(copy, original)) <= SAMPLE_RATE // 50
    shorter = min(len(copy), len(original))
    assert np.corrcoef(copy[:shorter], original[:shorter])[0, 1] > 0.9


def test_recording_is_played_back_and_drawn(api: Api, clip: bytes, stack: Stack) -> None:
    number = upload(api, clip, language="en")["transcription_id"]
    state = wait(api, number)
    assert state["status"] == "completed"
    original = samples(clip)
    alike(samples(played(api, number)), original)
    waveform = api.data("GET", f"/transcription/{number}/peaks", params={"zoom": "200"})
    assert waveform["channels"] == 1
    assert waveform["length"] == pytest.approx(len(original) / SAMPLE_RATE * 200, abs=1)
    highest = max(map(abs, waveform["data"]))
    assert highest == pytest.approx(128 * np.abs(original).max(), abs=4)
    with http_client(stack) as stranger:
        for name in ("playback", "peaks"):
            assert stranger.get(f"/transcription/{number}/{name}").status_code == 404
    api.data("DELETE", f"/transcription/{number}")
    api.refused("GET", f"/transcription/{number}/playback", 404, "NOT_FOUND")
    api.refused("GET", f"/transcription/{number}/peaks", 404, "NOT_FOUND")


def test_recording_without_a_transcript_has_no_copy_yet(api: Api, clip: bytes) -> None:
    number = upload(api, clip, auto_start="false")["transcription_id"]
    details = api.refused("GET", f"/transcription/{number}/playback", 404, "NOT_FOUND")
    assert details["reason"] == "NO_TRANSCRIPT"


async def stored(stack: Stack, number: int) -> list[str]:
    """Return the copies and peaks of a transcription in the object store."""
    variables = stack.servers.environment("transcriber")
    settings = ObjectSettings.model_validate(
        {
            name.lower(): value
            for name, value in variables.items()
            if name.lower() in ObjectSettings.model_fields
        }
    )
    objects = ObjectStore(settings)
    try:
        found = await objects.keys(settings.s3_bucket_results, f"{number}/")
    finally:
        objects.close()
    return sorted(key for key in found if key.endswith((".webm", ".peaks")))


async def test_worker_that_is_killed_leaves_nothing_behind(
    stack: Stack, client: SecureTranscribeClient, sample: Path
) -> None:
    recording = repeated(sample, 3)
    job: dict[str, Any] = client.upload_audio(
        io.BytesIO(recording), filename="long.wav", auto_start=True, language="en"
    )
    number = job["transcription_id"]
    await until(stack, client.session_token, job["job_id"], at_work(queue_pb2.STAGE_TRANSCRIBE))
    stack.services.process(_WORKER).kill()
    await stack.services.restart(_WORKER)
    await until(stack, client.session_token, job["job_id"], completed)

    copies = await stored(stack, number)
    assert [key.rpartition(".")[2] for key in copies] == ["peaks", "webm"]
    with http_client(stack, client.session_token) as http:
        alike(samples(played(Api(http=http), number)), samples(recording))
    client.delete_transcription(number)
    # What cannot be deleted within ten seconds is deleted in the background.
    async with asyncio.timeout(JOB_SECONDS):
        while await stored(stack, number):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.2)
