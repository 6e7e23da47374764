"""What waits to be sent to one client: bounded, in order, and nothing important dropped."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

MAX_ENDINGS = 256
MAX_PROGRESS = 256
_QUEUE = ("queue", "")


@dataclass(frozen=True, kw_only=True)
class Closing:
    """The connection is to be closed with a WebSocket code."""

    code: int
    reason: str


SESSION_ENDED = Closing(code=4401, reason="The session has ended.")
TOO_SLOW = Closing(code=1013, reason="The client reads too slowly.")
GOING_AWAY = Closing(code=1012, reason="The server restarts; connect again.")


class Outbox:
    """Messages for one client.

    Of progress, only the latest for a job waits; of the queue, only the latest at all. The end of a
    job always waits; a client that leaves too many of them unread is hopeless and is closed.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._endings = 0
        self._ready = asyncio.Event()
        self.closing: Closing | None = None

    def put_progress(self, job_id: str, text: str) -> None:
        """Progress of a job, in the place of what is waiting of it."""
        key = ("progress", job_id)
        if key not in self._waiting and len(self._waiting) - self._endings > MAX_PROGRESS:
            return
        self._put(key, text)

    def put_ending(self, job_id: str, text: str) -> None:
        """The end of a job, after its progress."""
        if self._endings >= MAX_ENDINGS:
            self.close(TOO_SLOW)
            return
        if ("ending", job_id) not in self._waiting:
            self._endings += 1
        self._put(("ending", job_id), text)

    def put_queue(self, text: str) -> None:
        """The state of the queue, after everything that waits."""
        self._waiting.pop(_QUEUE, None)
        self._put(_QUEUE, text)

    def put_reply(self, text: str) -> None:
        """An answer to something that the client said; one at a time."""
        self._put(("reply", ""), text)

    def close(self, closing: Closing) -> None:
        """Closes the connection after the message that is being sent; the first reason counts."""
        self.closing = self.closing or closing
        self._ready.set()

    async def next(self) -> str | Closing:
        """The next message to send, or that the connection is to be closed."""
        await self._ready.wait()
        if self.closing is not None:
            return self.closing
        (kind, _), text = self._waiting.popitem(last=False)
        if kind == "ending":
            self._endings -= 1
        if not self._waiting:
            self._ready.clear()
        return text

    def __len__(self) -> int:
        return len(self._waiting)

    def _put(self, key: tuple[str, str], text: str) -> None:
        self._waiting[key] = text
        self._ready.set()
