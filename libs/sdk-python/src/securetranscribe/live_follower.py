"""Followers of live sessions: the words of a recording that somebody else makes at this moment."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from securetranscribe.errors import ConnectionFailedError
from securetranscribe.live import Address
from securetranscribe.live_retries import Retries
from securetranscribe.steps import Data

_CLOSE_SECONDS = 2.0
Connect = Callable[[], Awaitable[Address]]


class LiveFollower:
    """The messages of a live session, for whoever may read its transcription.

    A lost connection is made again, and every result arrives once.
    """

    def __init__(self, address: Connect, transcription_id: int, *, after_sequence: int = 0) -> None:
        self.transcription_id = transcription_id
        #: Sequence of the last result.
        self.sequence = after_sequence
        self._address = address
        self._retries = Retries()
        self._state = "connecting"
        self._ended = False

    async def __aiter__(self) -> AsyncGenerator[Data, None]:
        """Yield the messages as they come, with their `type` and `data`. The last one is `ended`.

        Raises:
            ApiError: the server refuses the follower, or the access has ended.
        """
        while not self._ended:
            code = 0
            pause = None
            try:
                address = await self._address()
                query = {
                    "transcription_id": self.transcription_id,
                    "after_sequence": self.sequence,
                }
                async with connect(
                    f"{address.url}?{urlencode(query)}",
                    close_timeout=_CLOSE_SECONDS,
                    **address.options(),
                ) as socket:
                    while not self._ended:
                        for message in await self._received(socket):
                            yield message
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 0
            except InvalidStatus as refused:
                pause = self._retries.after_refusal(refused)
            except (OSError, WebSocketException, ConnectionFailedError):
                pass
            if self._ended:
                return
            if pause is None:
                pause = self._retries.after_loss(code)
            for message in self._become("lost"):
                yield message
            await asyncio.sleep(pause)

    async def _received(self, socket: ClientConnection) -> list[Data]:
        """Return the next message, with those that follow from it."""
        message: Data = json.loads(await socket.recv())
        kind, data = message["type"], message["data"]
        if kind == "error":
            self._retries.reported = data
            return []
        if kind in ("final", "speaker"):
            if data["sequence"] <= self.sequence:
                return []
            self.sequence = data["sequence"]
        elif kind == "begun":
            self._retries.served()
            return [*self._become("open"), message]
        elif kind == "ended":
            self._ended = True
        return [message]

    def _become(self, state: str) -> list[Data]:
        if self._state == state:
            return []
        self._state = state
        return [{"type": "state", "data": state}]
