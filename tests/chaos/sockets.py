"""Order of the events on one WebSocket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from securetranscribe import AsyncSecureTranscribeClient
from tests.chaos.book import Book

_ENDS = frozenset({"job_completed", "job_failed", "job_cancelled"})


@dataclass(kw_only=True)
class EventOrder:
    """Contradictions on one connection. A new connection has seen nothing."""

    ended: dict[str, str] = field(default_factory=dict)
    revisions: dict[int, int] = field(default_factory=dict)

    def check(self, event: Mapping[str, Any]) -> str:
        """Return a contradiction to earlier events, or an empty text."""
        kind, data = event["type"], event["data"]
        if kind in _ENDS:
            before = self.ended.setdefault(data["job_id"], "")
            self.ended[data["job_id"]] = kind
            return f"{data['job_id']}: {kind} after {before}" if before else ""
        if kind in ("job_progress", "transcript_part") and data["job_id"] in self.ended:
            return f"{data['job_id']}: {kind} after {self.ended[data['job_id']]}"
        if kind == "transcript_edited":
            number, revision = data["transcription_id"], data["revision"]
            newest = self.revisions.get(number, 0)
            self.revisions[number] = revision
            if revision <= newest:
                return f"transcription {number}: revision {revision} after {newest}"
        return ""


async def watch(api: AsyncSecureTranscribeClient, owner: str, book: Book) -> None:
    """Check the events of a session until cancelled. Record how many there were."""
    order, seen, connections = EventOrder(), 0, 0
    try:
        async for event in api.events():
            if event["type"] == "state":
                connections += event["data"] == "open"
                order = EventOrder()
                if event["data"] == "ended":
                    book.find(f"{owner}: the WebSocket of a valid session was refused")
                continue
            seen += 1
            finding = order.check(event)
            if finding:
                book.find(f"{owner}, WebSocket: {finding}")
    finally:
        call = book.begin(owner, "watch")
        book.acknowledge(call, events=seen, connections=connections)
