"""A recording is read while it is made, whatever dies meanwhile, and keeps its id."""

import asyncio
import contextlib
import difflib
import json
import struct
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.owners import token_of
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e
_RATE = 16_000
_CHUNK_SECONDS = 0.25
_PATIENCE_SECONDS = 240.0


def _chunks(sample: Path) -> list[bytes]:
    """Return the sample as mono 16-bit chunks."""
    with wave.open(str(sample), "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    sound = data.reshape(-1, channels).mean(axis=1)
    times = np.arange(int(len(sound) / rate * _RATE)) / _RATE
    samples = np.interp(times, np.arange(len(sound)) / rate, sound).astype("<i2")
    size = int(_RATE * _CHUNK_SECONDS)
    return [samples[start : start + size].tobytes() for start in range(0, len(samples), size)]


@dataclass(kw_only=True)
class Recorder:
    """A client that keeps chunks until they are acknowledged, and resumes after each loss."""

    url: str
    token: str
    begin: dict[str, Any]
    capture_id: str = ""
    transcription_id: int = 0
    sequence: int = 0
    acknowledged: int = 0
    connections: int = 0
    made: list[bytes] = field(default_factory=list)
    finals: list[dict[str, Any]] = field(default_factory=list)
    drafts: int = 0
    heard: float = 0.0
    ended: dict[str, Any] | None = None
    _sent: int = 0
    _socket: ClientConnection | None = None
    _finishing: bool = False

    async def run(self) -> None:
        """Stay connected until the session has ended."""
        while self.ended is None:
            with contextlib.suppress(ConnectionClosed, OSError, InvalidHandshake, TimeoutError):
                headers = {"Authorization": f"Bearer {self.token}"}
                async with connect(self.url, additional_headers=headers, proxy=None) as socket:
                    await self._serve(socket)
            self._socket = None
            await asyncio.sleep(0.2)

    async def record(self, data: bytes) -> None:
        """Take a chunk, and send it if there is a connection."""
        self.made.append(data)
        await self._send()

    async def finish(self) -> None:
        """End the recording."""
        self._finishing = True
        await self._send()

    def cut(self) -> None:
        """Lose the connection without a word."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _serve(self, socket: ClientConnection) -> None:
        resume = {
            "type": "resume",
            "capture_id": self.capture_id,
            "after_sequence": self.sequence,
        }
        await socket.send(json.dumps(resume if self.capture_id else self.begin))
        async for text in socket:
            message = json.loads(text)
            data = message["data"]
            if message["type"] == "begun":
                self.connections += 1
                self.capture_id = data["capture"]["capture_id"]
                self.transcription_id = data["transcription_id"]
                self._sent = self.acknowledged = data["capture"]["next_chunk"]
                self._socket = socket
                await self._send()
            elif message["type"] == "acknowledged":
                self.acknowledged = max(self.acknowledged, data["next_chunk"])
            elif message["type"] in ("draft", "final"):
                self.drafts += message["type"] == "draft"
                self.heard = max(self.heard, data["end_time"] or 0.0)
            if message["type"] == "final":
                self.sequence = data["sequence"]
                self.finals.append(data)
            elif message["type"] == "ended":
                self.ended = data
            elif message["type"] == "error":
                assert data["code"] == "SERVICE_UNAVAILABLE", data

    async def _send(self) -> None:
        """Send what has not been sent on this connection."""
        socket = self._socket
        if socket is None:
            return
        with contextlib.suppress(ConnectionClosed):
            while self._sent < len(self.made):
                number, self._sent = self._sent, self._sent + 1
                await socket.send(struct.pack(">QB", number, 0) + self.made[number])
            if self._finishing:
                message = {"type": "finish", "chunk_count": len(self.made)}
                await socket.send(json.dumps(message))


@dataclass(kw_only=True)
class Follower:
    """Somebody with a link, who connects again after each loss."""

    url: str
    token: str
    transcription_id: int
    sequence: int = 0
    finals: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[str, Any] | None = None

    async def run(self) -> None:
        """Stay connected until the session has ended."""
        while self.ended is None:
            with contextlib.suppress(ConnectionClosed, OSError, InvalidHandshake, TimeoutError):
                query = (
                    f"transcription_id={self.transcription_id}&after_sequence={self.sequence}"
                    f"&token={self.token}"
                )
                async with connect(f"{self.url}?{query}", proxy=None) as socket:
                    async for text in socket:
                        self._take(json.loads(text))
            await asyncio.sleep(0.2)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "final":
            self.sequence = message["data"]["sequence"]
            self.finals.append(message["data"])
        elif message["type"] == "ended":
            self.ended = message["data"]
        elif message["type"] == "error":
            assert message["data"]["code"] == "SERVICE_UNAVAILABLE", message


def _follower(stack: Stack, client: SecureTranscribeClient, number: int) -> Follower:
    """Return somebody who has opened a link to a transcription."""
    headers = {"Authorization": f"Bearer {token_of(client)}"}
    with httpx2.Client(base_url=f"{stack.base_url}/api", timeout=60) as http:
        made = http.post(f"/transcriptions/{number}/links", headers=headers, json={})
        token = made.raise_for_status().json()["data"]["token"]
        opened = http.post("/shared/open", json={"token": token}).raise_for_status()
    return Follower(
        url=stack.base_url.replace("http", "ws", 1) + "/ws/live/follow",
        token=opened.json()["data"]["session_token"],
        transcription_id=number,
    )


async def _until(reached: Callable[[], Any], seconds: float = _PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        await asyncio.sleep(0.1)


def _words(text: str) -> list[str]:
    return [word.strip(".,?!").lower() for word in text.split() if word.strip(".,?!")]


async def test_cut_twice_and_killed_once(
    stack: Stack,
    client: SecureTranscribeClient,
    sample: Path,
    show: Callable[[str], None],
) -> None:
    client.get_session()
    recorder = Recorder(
        url=stack.base_url.replace("http", "ws", 1) + "/ws/live",
        token=token_of(client),
        begin={
            "type": "begin",
            "encoding": "linear16",
            "sample_rate": _RATE,
            "title": "Live call",
            "language": "en",
        },
    )
    running = asyncio.create_task(recorder.run())
    await _until(lambda: recorder.transcription_id)
    follower = await asyncio.to_thread(_follower, stack, client, recorder.transcription_id)
    following = asyncio.create_task(follower.run())
    chunks = _chunks(sample)
    faults = {len(chunks) // 4: "cut", len(chunks) // 2: "kill", len(chunks) * 3 // 4: "cut"}
    for number, data in enumerate(chunks):
        begun = time.monotonic()
        if faults.get(number) == "cut":
            recorder.cut()
        elif faults.get(number) == "kill":
            stack.services.process("transcriber-api").kill()
            await stack.services.restart("transcriber-api")
        await recorder.record(data)
        await asyncio.sleep(max(0.0, _CHUNK_SECONDS - (time.monotonic() - begun)))
    await _until(lambda: recorder.acknowledged == len(chunks))
    number = recorder.transcription_id
    state = client.get_status(number)
    assert (state["status"], state["current_step"]) == ("processing", "Live")
    with pytest.raises(ApiError) as caught:
        client.export_transcription(number, "txt")
    assert caught.value.status == 409
    # The last words become final at the end of the sound.
    end = len(chunks) * _CHUNK_SECONDS
    await _until(lambda: recorder.heard > end - 4.0)
    await recorder.finish()
    await _until(lambda: recorder.ended)
    await asyncio.gather(running, following)

    assert follower.finals == recorder.finals
    assert follower.ended == {"transcription_id": number}
    assert recorder.connections == 4
    assert recorder.drafts
    assert [final["sequence"] for final in recorder.finals] == [*range(1, len(recorder.finals) + 1)]
    assert recorder.ended is not None
    assert recorder.ended["transcription_id"] == number
    finished = client.wait(number, timeout_seconds=JOB_SECONDS)
    assert finished["title"] == "Live call"
    assert finished["partial_transcript"] is None
    live = _words(" ".join(final["text"] for final in recorder.finals))
    batch = _words(" ".join(segment["text"] for segment in finished["segments"]))
    matched = sum(
        block.size
        for block in difflib.SequenceMatcher(
            None, live, batch, autojunk=False
        ).get_matching_blocks()
    )
    show(f"{matched} of {len(batch)} words of the recording in {len(live)} live words")
    # The recognizer hears less context live. Lost or repeated sound would cost more words.
    assert matched > 0.8 * len(batch)
    assert len(live) < 1.15 * len(batch)
    client.delete_transcription(number)
