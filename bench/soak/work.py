"""Steady load that removes its own traces: recordings, imports, exports, searches, sockets."""

import asyncio
import contextlib
import io
import itertools
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

import httpx2
from websockets.asyncio.client import connect

from exporter.formats.catalog import FORMATS

_ANSWER_SECONDS = 180.0
_JOB_SECONDS = 600.0
_ENDED = ("completed", "failed", "cancelled")
_TRANSCRIPT = {
    "segments": [
        {"start": 1.0 * place, "end": 1.0 * place + 0.9, "text": f"Sentence {place}."}
        for place in range(6)
    ]
}


@dataclass(kw_only=True)
class Work:
    """Clients that repeat the same things until they are stopped."""

    url: str
    recording: bytes
    pause: float = 1.0
    """Seconds between two rounds of a client."""

    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    KINDS: ClassVar[tuple[str, ...]] = (
        "recordings processed",
        "transcripts imported, exported and deleted",
        "sessions opened and closed",
        "sockets opened and closed",
    )

    async def run(self) -> None:
        """Repeat all of it until stopped. Rounds under way are finished."""
        acts = (self._process, self._import, self._visit, self._listen)
        async with asyncio.TaskGroup() as group:
            for name, act in zip(self.KINDS, acts, strict=True):
                group.create_task(self._repeat(name, act), name=f"soak {name}")

    def stop(self) -> None:
        """Begin no further rounds."""
        self._stopping.set()

    async def _repeat(
        self, name: str, act: Callable[[httpx2.AsyncClient, dict[str, str]], Awaitable[None]]
    ) -> None:
        async with httpx2.AsyncClient(base_url=self.url, timeout=_ANSWER_SECONDS) as http:
            headers = await _session(http)
            while not self._stopping.is_set():
                try:
                    await act(http, headers)
                    self.done[name] += 1
                except (httpx2.HTTPError, OSError, TimeoutError) as error:
                    self.failed[f"{name}: {error!r}"[:200]] += 1
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.pause):
                        await self._stopping.wait()

    async def _process(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        file = ("call.wav", io.BytesIO(self.recording), "audio/wav")
        answer = await http.post(
            "/api/transcription/upload",
            headers=headers,
            data={"auto_start": "true"},
            files={"file": file},
        )
        answer.raise_for_status()
        number = answer.json()["data"]["transcription_id"]
        async with asyncio.timeout(_JOB_SECONDS):
            while True:
                answer = await http.get(f"/api/transcription/status/{number}", headers=headers)
                answer.raise_for_status()
                if answer.json()["data"]["status"] in _ENDED:
                    break
                await asyncio.sleep(0.5)
        answer = await http.delete(f"/api/transcription/{number}", headers=headers)
        answer.raise_for_status()

    async def _import(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        files = {
            "audio": ("call.wav", self.recording, "audio/wav"),
            "transcript": ("call.json", json.dumps(_TRANSCRIPT).encode(), "application/json"),
        }
        answer = await http.post("/api/imports", headers=headers, files=files)
        answer.raise_for_status()
        number = answer.json()["data"]["transcription_id"]
        for name in itertools.islice(_formats, 3):
            answer = await http.get(
                f"/api/transcription/export/{number}",
                headers=headers,
                params={"export_format": name},
            )
            answer.raise_for_status()
        answer = await http.get("/api/search", headers=headers, params={"q": "sentence"})
        answer.raise_for_status()
        answer = await http.delete(f"/api/transcription/{number}", headers=headers)
        answer.raise_for_status()

    async def _visit(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        for path in ("/api/transcription/list", "/api/queue/status", "/api/speakers"):
            answer = await http.get(path, headers=headers)
            answer.raise_for_status()
        own = await _session(http)
        answer = await http.delete("/api/sessions/current", headers=own)
        answer.raise_for_status()

    async def _listen(self, _http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        url = self.url.replace("http", "ws", 1) + "/ws"
        async with (
            asyncio.timeout(_ANSWER_SECONDS),
            connect(url, additional_headers=headers, proxy=None, open_timeout=None) as socket,
        ):
            await socket.send('{"type": "ping"}')
            while '"pong"' not in str(await socket.recv()):
                pass


_formats = itertools.cycle(sorted(FORMATS))


async def _session(http: httpx2.AsyncClient) -> dict[str, str]:
    answer = await http.post("/api/sessions/create", json={})
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['data']['session_token']}"}
