"""Bounded, ordered queue of the responses of one stream."""

import asyncio
from collections import OrderedDict

from common.errors import ResourceExhaustedError
from transcriber.live.messages import Response

#: Results and notices that may wait for a client, besides drafts.
MOST_WAITING = 512
_TOO_SLOW = "The client reads too slowly. Resume the session to get what is missing."

_Key = tuple[str, int]


class Outbound:
    """Responses that wait for the client.

    Only the latest acknowledgment, lag, and draft of each segment are kept. Results are always
    kept. A client with too many unread ones is disconnected, and gets them when it resumes.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[_Key, Response] = OrderedDict()
        self._kept = 0
        self._count = 0
        self._acknowledged = 0
        self._ready = asyncio.Event()
        self._ended = False
        self._failure: BaseException | None = None

    def put(self, response: Response) -> None:
        """Queue a response."""
        if self._ended or self._failure is not None:
            return
        kind = response.WhichOneof("live_response")
        if kind == "draft":
            self._replace(("draft", response.draft.segment), response)
        elif kind == "acknowledged":
            self._acknowledge(response)
        elif kind == "lag":
            self._replace((kind, 0), response)
        else:
            if kind == "final":
                self._waiting.pop(("draft", response.final.segment), None)
            self._keep(response)

    def end(self, response: Response | None = None) -> None:
        """End the stream after what is queued, and after a last response."""
        if response is not None:
            self._waiting.pop(("acknowledged", 0), None)
            self.put(response)
        self._ended = True
        self._ready.set()

    def fail(self, error: BaseException) -> None:
        """Break the stream off. The first reason is kept."""
        if not self._ended:
            self._failure = self._failure or error
            self._ready.set()

    async def next(self) -> Response | None:
        """Wait for the next response. Return None at the end of the stream.

        Raises:
            ApplicationError: the stream is broken off.
        """
        await self._ready.wait()
        if self._failure is not None:
            raise self._failure
        if not self._waiting:
            return None
        (kind, _), response = self._waiting.popitem(last=False)
        if kind == "kept":
            self._kept -= 1
        if not self._waiting and not self._ended:
            self._ready.clear()
        return response

    def _acknowledge(self, response: Response) -> None:
        """Queue an acknowledgment, unless a later one came first from chunks stored at once."""
        if response.acknowledged.next_chunk >= self._acknowledged:
            self._acknowledged = response.acknowledged.next_chunk
            self._replace(("acknowledged", 0), response)

    def _replace(self, key: _Key, response: Response) -> None:
        self._waiting.pop(key, None)
        self._waiting[key] = response
        self._ready.set()

    def _keep(self, response: Response) -> None:
        if self._kept >= MOST_WAITING:
            self.fail(ResourceExhaustedError(_TOO_SLOW))
            return
        self._kept += 1
        self._count += 1
        self._waiting[("kept", self._count)] = response
        self._ready.set()
