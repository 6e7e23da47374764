"""The product under test, and an observer who looks at it from outside."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from bench.fuzz.oracle import Book
from bench.processes import usage
from common.objects import ObjectStore
from common.settings import ObjectSettings
from devstack.service_stack import ServiceStack
from devstack.stack import EmbeddedServers

_SETTLING_SECONDS = 900
_BUCKETS = ("audio", "results")
#: Entries about deletions, kept for restores of older backups.
LEDGER = "ledger/"
#: Growth of one process that is never explained by caches and arenas.
MOST_GROWTH_BYTES = 700 * 1024**2
_TRANSCRIPT = b"""1
00:00:00,500 --> 00:00:02,000
Ada: Good morning.

2
00:00:02,500 --> 00:00:04,000
Ben: Hello, shall we begin?
"""


@dataclass(kw_only=True)
class Target:
    """A running stack with one session and things that belong to it."""

    servers: EmbeddedServers
    services: ServiceStack
    http: httpx2.AsyncClient
    token: str = ""
    known: dict[str, Any] = field(default_factory=dict)
    """Identifiers by the names of fields."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers with the session."""
        return {"Authorization": f"Bearer {self.token}"}

    async def prepare(self, recording: bytes) -> None:
        """Open a session, and make a transcription with a transcript in it."""
        self.token = await self.new_token()
        answer = await self.http.post(
            "/api/imports",
            headers=self.headers,
            files={
                "audio": ("call.wav", recording, "audio/wav"),
                "transcript": ("call.srt", _TRANSCRIPT, "text/plain"),
            },
        )
        answer.raise_for_status()
        number = answer.json()["data"]["transcription_id"]
        self.known = {"transcription_id": number, "filename": "call.wav", "language": "en"}

    async def new_token(self) -> str:
        """Return the token of a new session."""
        answer = await self.http.post("/api/sessions/create", json={})
        answer.raise_for_status()
        return str(answer.json()["data"]["session_token"])

    async def transcriptions(self) -> list[int]:
        """Return the transcriptions of the session, without the prepared one."""
        answer = await self.http.get(
            "/api/transcription/list", headers=self.headers, params={"limit": 100}
        )
        answer.raise_for_status()
        found = [one["id"] for one in answer.json()["data"]["transcriptions"]]
        return [number for number in found if number != self.known.get("transcription_id")]

    async def delete(self, number: int) -> None:
        """Delete a transcription for good."""
        await self.http.delete(f"/api/transcription/{number}", headers=self.headers)


class Observer:
    """Checks processes, objects in the store, health, and the growth of memory."""

    def __init__(self, target: Target) -> None:
        self._target = target
        variables = target.servers.environment("transcriber")
        settings = {name.lower(): value for name, value in variables.items() if "S3_" in name}
        self._store = ObjectStore(ObjectSettings(**settings))  # type: ignore[arg-type]
        self._processes = (*target.servers.processes, *target.services.processes)
        self._pids = {one.name: one.pid for one in self._processes}
        self._memory = self.memory()
        self._objects: Mapping[str, set[str]] = {}

    async def begin(self) -> None:
        """Note the objects that are stored now."""
        self._objects = await self._stored()

    def memory(self) -> dict[str, int]:
        """Return the bytes of memory by process."""
        return {one.name: usage(one.pid).unshared_bytes for one in self._processes}

    async def check(self, book: Book) -> None:
        """Write down changes. Objects of aborted uploads are removed after a while."""
        ended = {one.name for one in self._processes if not one.running}
        ended |= {one.name for one in self._processes if one.pid != self._pids[one.name]}
        for name in sorted(ended):
            book.fault("processes", "-", f"{name} ended or was restarted")
        grown = {name: now - self._memory.get(name, 0) for name, now in self.memory().items()}
        for name, growth in grown.items():
            if growth > MOST_GROWTH_BYTES:
                book.fault("memory", "-", f"{name} has grown by {growth / 1e6:,.0f} MB")
        left = await self._settled()
        if left:
            book.fault("objects", "-", f"{len(left)} objects are left: {sorted(left)[:5]}")
        if trouble := await self._trouble():
            book.fault("health", "-", trouble)
        self._store.close()

    async def _trouble(self) -> str:
        """Return why the product is not ready after a while, empty if it is."""
        deadline = time.monotonic() + _SETTLING_SECONDS
        while True:
            answer = await self._target.http.get("/health/ready")
            if answer.status_code == httpx2.codes.OK:
                return ""
            if time.monotonic() > deadline:
                return f"status {answer.status_code}: {answer.text[:300]}"
            await asyncio.sleep(0.5)

    async def _settled(self) -> set[str]:
        deadline = time.monotonic() + _SETTLING_SECONDS
        while left := await self._new():
            if time.monotonic() > deadline:
                return left
            await asyncio.sleep(0.5)
        return set()

    async def _new(self) -> set[str]:
        now = await self._stored()
        return {
            f"{bucket}/{key}"
            for bucket, keys in now.items()
            for key in keys - self._objects.get(bucket, set())
        }

    async def _stored(self) -> dict[str, set[str]]:
        return {
            bucket: {key for key in await self._store.keys(bucket) if not key.startswith(LEDGER)}
            for bucket in _BUCKETS
        }
