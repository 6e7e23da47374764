"""Recordings that are valid and awkward, among twenty good ones of other sessions."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import numpy as np
import pytest

from common.audio.decoding import read_window
from securetranscribe import SecureTranscribeClient
from tests.e2e.recordings import encoded, excerpt
from tests.e2e.stack import JOB_SECONDS, Stack


def chained_ogg(sample: Path) -> bytes:
    """Return two concatenated Ogg Opus streams, a chained file according to RFC 3533."""
    parts = (excerpt(sample, start=start, seconds=4) for start in (8, 15))
    return b"".join(encoded(part, container="ogg", codec="libopus") for part in parts)


def one_nan_wav(sample: Path) -> bytes:
    """Return a float WAV file with one sample that is not a number."""
    samples = read_window(io.BytesIO(excerpt(sample, start=7, seconds=6)), 0.0, 6.0)
    samples[len(samples) // 2] = np.nan
    data = samples.astype("<f4").tobytes()
    header = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt "
    for value, size in ((16, 4), (3, 2), (1, 2), (16000, 4), (64000, 4), (4, 2), (32, 2)):
        header += value.to_bytes(size, "little")
    return header + b"data" + len(data).to_bytes(4, "little") + data


class Onlooker:
    """A session that polls, and records unexpected responses."""

    def __init__(self, url: str) -> None:
        self.faults: list[str] = []
        self.answers = 0
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="onlooker")

    def __enter__(self) -> "Onlooker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=60) as http:
            while not self._ended.wait(0.05):
                for path in ("/api/queue/status", "/api/transcription/list"):
                    try:
                        status = http.get(path).status_code
                    except httpx2.HTTPError as error:
                        self.faults.append(f"{path}: {error!r}")
                        continue
                    self.answers += 1
                    if status >= 500:
                        self.faults.append(f"{path}: {status}")


@pytest.fixture
def sessions(stack: Stack) -> Iterator[list[SecureTranscribeClient]]:
    """Open seven sessions: five with good recordings, and one per awkward one."""
    with ExitStack() as opened:
        yield [opened.enter_context(stack.client()) for _ in range(7)]


def test_awkward_recordings_do_not_affect_others(
    stack: Stack, sample: Path, sessions: list[SecureTranscribeClient]
) -> None:
    awkward = {"chained.ogg": chained_ogg(sample), "one_nan.wav": one_nan_wav(sample)}
    good = excerpt(sample, start=8, seconds=3)
    pids = {process.name: process.pid for process in stack.services.processes}
    with Onlooker(stack.base_url) as onlooker:
        waiting = [(client, upload(client, "a.wav", good)) for client in sessions[:5] * 2]
        begun = time.monotonic()
        odd = {
            name: (client, upload(client, name, data))
            for client, (name, data) in zip(sessions[5:], awkward.items(), strict=True)
        }
        waiting += [(client, upload(client, "a.wav", good)) for client in sessions[:5] * 2]
        found = {
            name: client.wait(number, timeout_seconds=JOB_SECONDS)
            for name, (client, number) in odd.items()
        }
        print(f"both had their results after {time.monotonic() - begun:.0f} s")
        for client, number in waiting:
            state = client.wait(number, timeout_seconds=JOB_SECONDS)
            assert state["status"] == "completed", state
        for client, number in odd.values():
            assert all(clip.startswith(b"fLaC") for clip in clips(client, number))
    assert onlooker.faults == []
    assert onlooker.answers > 10
    assert {process.name: process.pid for process in stack.services.processes} == pids
    assert {name: state["status"] for name, state in found.items()} == dict.fromkeys(
        awkward, "completed"
    )
    chained, nan = found["chained.ogg"], found["one_nan.wav"]
    assert chained["file_info"]["duration"] == pytest.approx(8.0, abs=0.5)
    assert last_second(chained) > 4.5, "the second link is heard"
    assert not chained["warnings"]
    assert any(segment["text"].strip() for segment in nan["segments"])
    assert any("no valid number" in warning for warning in nan["warnings"]), nan["warnings"]


def upload(client: SecureTranscribeClient, name: str, data: bytes) -> int:
    """Upload a recording and start it."""
    file = io.BytesIO(data)
    file.name = name
    return int(client.upload_audio(file, auto_start=True)["transcription_id"])


def last_second(state: dict[str, object]) -> float:
    """Return the end of the last segment."""
    segments = state["segments"]
    assert isinstance(segments, list)
    return max(float(segment["end_time"]) for segment in segments)


def clips(client: SecureTranscribeClient, transcription_id: int) -> list[bytes]:
    """Return a clip of each speaker, cut now if it was not before."""
    return [
        client.get_voice_clip(transcription_id, voice["speaker_label"])
        for voice in client.list_voices(transcription_id)
    ]
