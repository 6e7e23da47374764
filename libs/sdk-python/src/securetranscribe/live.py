"""WebSocket for events. A lost connection is made again."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import websockets.asyncio.client
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, WebSocketException

from securetranscribe.steps import Data, NextEvent

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_OPEN_SECONDS = 10.0
#: Close code of a session that has ended.
_ENDED = 4401


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to connect, and the session's credentials."""

    url: str
    token: str | None
    context: ssl.SSLContext

    def options(self) -> dict[str, Any]:
        """Return the options of a connection."""
        return {
            "additional_headers": {"Authorization": f"Bearer {self.token}"},
            "ssl": self.context if self.url.startswith("wss:") else None,
            "open_timeout": _OPEN_SECONDS,
            "proxy": None,
        }


class _Schedule:
    """Time of the next attempt to connect."""

    def __init__(self) -> None:
        self.ended = False
        self._pause = _FIRST_PAUSE
        self._next = 0.0

    def due(self) -> bool:
        """Whether to connect now."""
        return not self.ended and time.monotonic() >= self._next

    def opened(self) -> Data:
        """Begin with short pauses again. Return the event of it."""
        self._pause = _FIRST_PAUSE
        return _state("open")

    def lost(self, code: int | None = None) -> Data:
        """Wait longer until the next attempt. Return the event of it."""
        self._next = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self.ended = code == _ENDED
        return _state("ended" if self.ended else "lost")

    def wait(self, seconds: float) -> float:
        """Return the seconds until something is to be done."""
        rest = self._next - time.monotonic()
        return min(seconds, rest) if rest > 0 and not self.ended else seconds


class LiveConnection:
    """Blocking connection."""

    def __init__(self, address: Callable[[], Address | None]) -> None:
        self._address = address
        self._schedule = _Schedule()
        self._socket: websockets.sync.client.ClientConnection | None = None

    def next(self, step: NextEvent) -> Data | None:
        """Return the next event, None if there was none in time."""
        if self._socket is None:
            if (opened := self._open()) is not None:
                return opened
            time.sleep(self._schedule.wait(step.lost_seconds))
            return None
        try:
            return _event(self._socket.recv(timeout=step.open_seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            self._socket = None
            return self._schedule.lost(error.rcvd.code if error.rcvd else None)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()

    def _open(self) -> Data | None:
        address = self._address()
        if address is None or not self._schedule.due():
            return None
        try:
            self._socket = websockets.sync.client.connect(
                address.url, legacy=True, **address.options()
            )
        except (OSError, WebSocketException):
            self._schedule.lost()
            return None
        return self._schedule.opened()


class AsyncLiveConnection:
    """Asynchronous connection."""

    def __init__(self, address: Callable[[], Address | None]) -> None:
        self._address = address
        self._schedule = _Schedule()
        self._socket: websockets.asyncio.client.ClientConnection | None = None

    async def next(self, step: NextEvent) -> Data | None:
        """Return the next event, None if there was none in time."""
        if self._socket is None:
            if (opened := await self._open()) is not None:
                return opened
            await asyncio.sleep(self._schedule.wait(step.lost_seconds))
            return None
        try:
            # `asyncio.wait_for` loses cancellations before Python 3.12.
            async with asyncio.timeout(step.open_seconds):
                return _event(await self._socket.recv())
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            self._socket = None
            return self._schedule.lost(error.rcvd.code if error.rcvd else None)

    async def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            await self._socket.close()

    async def _open(self) -> Data | None:
        address = self._address()
        if address is None or not self._schedule.due():
            return None
        try:
            self._socket = await websockets.asyncio.client.connect(address.url, **address.options())
        except (OSError, WebSocketException):
            self._schedule.lost()
            return None
        return self._schedule.opened()


def _event(text: str | bytes) -> Data:
    event: Data = json.loads(text)
    return event


def _state(state: str) -> Data:
    return {"type": "state", "data": state}
