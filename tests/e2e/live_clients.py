"""Clients of live sessions over WebSocket, who come back after each loss."""

import asyncio
import contextlib
import json
import math
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from common.audio.decoding import read_window
from tests import asyncapi_messages

RATE = 16_000
CHUNK_SECONDS = 0.25
_PATIENCE_SECONDS = 240.0
_OPEN_SECONDS = 60.0


def begin(title: str) -> dict[str, Any]:
    """Return the beginning of a session of English speech."""
    return {
        "type": "begin",
        "encoding": "linear16",
        "sample_rate": RATE,
        "title": title,
        "language": "en",
    }


def chunks_of(recording: Path) -> list[bytes]:
    """Return a recording as mono 16-bit chunks."""
    samples = np.clip(read_window(recording, 0.0, math.inf) * 32767, -32768, 32767).astype("<i2")
    size = int(RATE * CHUNK_SECONDS)
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
                async with connect(
                    self.url, additional_headers=headers, proxy=None, open_timeout=_OPEN_SECONDS
                ) as socket:
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
            asyncapi_messages.check("live", message)
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
                url = f"{self.url}?{query}"
                async with connect(url, proxy=None, open_timeout=_OPEN_SECONDS) as socket:
                    async for text in socket:
                        self._take(json.loads(text))
            await asyncio.sleep(0.2)

    def _take(self, message: dict[str, Any]) -> None:
        asyncapi_messages.check("followers", message)
        if message["type"] == "final":
            self.sequence = message["data"]["sequence"]
            self.finals.append(message["data"])
        elif message["type"] == "ended":
            self.ended = message["data"]
        elif message["type"] == "error":
            assert message["data"]["code"] == "SERVICE_UNAVAILABLE", message


def opened_link(base_url: str, token: str, number: int) -> Follower:
    """Return somebody who has opened a link to a transcription of a session with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=f"{base_url}/api", timeout=60) as http:
        made = http.post(f"/transcriptions/{number}/links", headers=headers, json={})
        link = made.raise_for_status().json()["data"]["token"]
        opened = http.post("/shared/open", json={"token": link}).raise_for_status()
    return Follower(
        url=base_url.replace("http", "ws", 1) + "/ws/live/follow",
        token=opened.json()["data"]["session_token"],
        transcription_id=number,
    )


async def until(reached: Callable[[], Any], seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        await asyncio.sleep(0.1)


def live_text(finals: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Return final texts by segment. Those that come again late may be in another order."""
    return sorted((final["segment"], final["text"]) for final in finals)


def words_of(text: str) -> list[str]:
    """Return the words without signs around them."""
    return [word.strip(".,?!").lower() for word in text.split() if word.strip(".,?!")]
