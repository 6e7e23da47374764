"""Bounded, ordered send queue of one WebSocket client."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

MAX_ENDINGS = 256
MAX_EDITS = 2048
MAX_PROGRESS = 256
#: Each has the text of some minutes.
MAX_PARTS = 64
MAX_REPLIES = 200
_QUEUE = ("queue", "")


@dataclass(frozen=True, kw_only=True)
class Closing:
    """Close code and reason of a WebSocket connection."""

    code: int
    reason: str


SESSION_ENDED = Closing(code=4401, reason="The session has ended.")
TOO_SLOW = Closing(code=1013, reason="The client reads too slowly.")
GOING_AWAY = Closing(code=1012, reason="The server is restarting. Connect again.")


class SendQueue:
    """Messages waiting for one client.

    Only the latest progress of each job and the latest queue state are kept. Job endings, new
    revisions of transcripts and parts of texts are always kept, and clients with too many unread
    ones are disconnected.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._endings = 0
        self._edits = 0
        self._parts = 0
        self._ready = asyncio.Event()
        self.closing: Closing | None = None

    def put_progress(self, job_id: str, text: str) -> None:
        """Queue the progress of a job, in place of any earlier progress of it."""
        key = ("progress", job_id)
        replaceable = len(self._waiting) - self._endings - self._edits - self._parts
        if key not in self._waiting and replaceable > MAX_PROGRESS:
            return
        self._put(key, text)

    def put_ending(self, job_id: str, text: str) -> None:
        """Queue the ending of a job, after its progress."""
        if self._endings >= MAX_ENDINGS:
            self.close(TOO_SLOW)
            return
        if ("ending", job_id) not in self._waiting:
            self._endings += 1
        self._put(("ending", job_id), text)

    def put_edit(self, transcription_id: int, revision: int, text: str) -> None:
        """Queue a new revision of a transcript."""
        if self._edits >= MAX_EDITS:
            self.close(TOO_SLOW)
            return
        key = ("edit", f"{transcription_id}.{revision}")
        if key not in self._waiting:
            self._edits += 1
        self._put(key, text)

    def put_part(self, job_id: str, until: int, text: str) -> None:
        """Queue the text of a part by its end (milliseconds)."""
        if self._parts >= MAX_PARTS:
            self.close(TOO_SLOW)
            return
        key = ("part", f"{job_id}.{until}")
        if key not in self._waiting:
            self._parts += 1
        self._put(key, text)

    def put_queue(self, text: str) -> None:
        """Queue the state of the queue after all waiting messages, in place of an earlier one."""
        self._waiting.pop(_QUEUE, None)
        self._put(_QUEUE, text)

    def put_reply(self, text: str, about: str = "") -> None:
        """Queue a reply to the client. Only the latest reply about the same is kept."""
        replies = sum(kind == "reply" for kind, _ in self._waiting)
        if ("reply", about) not in self._waiting and replies >= MAX_REPLIES:
            self.close(TOO_SLOW)
            return
        self._put(("reply", about), text)

    def close(self, closing: Closing) -> None:
        """Close the connection after the message being sent. The first reason is kept."""
        self.closing = self.closing or closing
        self._ready.set()

    async def next(self) -> str | Closing:
        """Wait for the next message to send, or for the connection to be closed."""
        await self._ready.wait()
        if self.closing is not None:
            return self.closing
        (kind, _), text = self._waiting.popitem(last=False)
        if kind == "ending":
            self._endings -= 1
        elif kind == "edit":
            self._edits -= 1
        elif kind == "part":
            self._parts -= 1
        if not self._waiting:
            self._ready.clear()
        return text

    def __len__(self) -> int:
        return len(self._waiting)

    def _put(self, key: tuple[str, str], text: str) -> None:
        self._waiting[key] = text
        self._ready.set()
