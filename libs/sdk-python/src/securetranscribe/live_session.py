"""Live sessions: sound whose text is read while it is made."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from securetranscribe.errors import ConnectionFailedError, SecureTranscribeError
from securetranscribe.live import Address
from securetranscribe.live_chunks import Chunks
from securetranscribe.live_retries import Retries
from securetranscribe.steps import Data

_CLOSE_SECONDS = 2.0
#: Chunks that may be on their way at the same time.
_MOST_UNDERWAY = 32
#: Bytes that wait for the server before `send` waits.
_MUCH = 4 * 1024 * 1024
#: Messages that wait for the reader before those are left out that later ones replace.
_MOST_UNREAD = 1000
_REPLACED = frozenset({"draft", "lag"})
Connect = Callable[[], Awaitable[Address]]


class LiveSession:
    """A live session: send sound, and iterate over the messages of the server.

    Each chunk is kept until the server has stored it durably. A lost connection is made again,
    missing sound is sent again, and every result arrives once. Leaving the context disconnects. The
    session can be resumed with `capture_id` until the server finishes it.
    """

    def __init__(
        self,
        address: Connect,
        begin: Mapping[str, Any],
        *,
        capture_id: str | None = None,
        after_sequence: int = 0,
    ) -> None:
        self.capture_id = capture_id
        self.transcription_id: int | None = None
        #: Sequence of the last result.
        self.sequence = after_sequence
        self._address = address
        chosen = {name: value for name, value in begin.items() if value is not None}
        self._begin = {"type": "begin", "request_id": uuid.uuid4().hex, **chosen}
        self._chunks = Chunks()
        self._unread: asyncio.Queue[Data | None] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._finishing = self._finish_sent = False
        self._missing: list[int] = []
        self._retries = Retries()
        self._state = "connecting"
        self._ended: Data | None = None
        self._resumed = capture_id is not None or "request_id" in chosen
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect in the background."""
        self._running = asyncio.create_task(self._run(), name="live session")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        running = self._begun()
        running.cancel()
        # Errors are raised by the calls.
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()

    async def send(self, sound: bytes, *, starts_stream: bool = False) -> None:
        """Add sound, best in pieces of 250 ms. Wait while much of it is not stored yet.

        `starts_stream` marks the first bytes of a recorder that was started again.

        Raises:
            SecureTranscribeError: the session has ended.
        """
        running = self._begun()
        if running.done() or self._finishing:
            self._outcome(running)
            raise SecureTranscribeError("The session has ended. Begin another one.")
        self._chunks.add(sound, starts_stream=starts_stream)
        self._changed.set()
        while self._chunks.bytes > _MUCH and not running.done():
            self._room.clear()
            room = asyncio.create_task(self._room.wait())
            await asyncio.wait({room, running}, return_when=asyncio.FIRST_COMPLETED)
            room.cancel()

    async def finish(self) -> Data:
        """End the recording. Return the data of `ended` once the last results have arrived.

        Raises:
            ApiError: the server refuses the session.
            SecureTranscribeError: there is no sound.
        """
        running = self._begun()
        if not (running.done() or self._chunks.count or self._resumed):
            raise SecureTranscribeError("There is no sound to finish a session with.")
        self._finishing = True
        self._changed.set()
        await asyncio.wait({running})
        self._outcome(running)
        assert self._ended is not None, "it is the outcome"
        return self._ended

    def __aiter__(self) -> Self:
        """Return the messages as they come, with their `type` and `data`."""
        return self

    async def __anext__(self) -> Data:
        """Return the next message. The last one is `ended`.

        Raises:
            ApiError: the server refuses the session.
        """
        message = await self._unread.get()
        if message is None:
            self._unread.put_nowait(None)
            self._outcome(self._begun())
            raise StopAsyncIteration
        return message

    def _begun(self) -> asyncio.Task[None]:
        if self._running is None:
            raise SecureTranscribeError("Use 'async with' to connect first.")
        return self._running

    def _outcome(self, running: asyncio.Task[None]) -> None:
        if running.cancelled():
            raise SecureTranscribeError("The session is disconnected.")
        if running.done():
            running.result()

    async def _run(self) -> None:
        try:
            while self._ended is None:
                pause = await self._connected()
                if self._ended is None:
                    self._become("lost")
                    await asyncio.sleep(pause)
        finally:
            self._unread.put_nowait(None)

    async def _connected(self) -> float:
        """Serve one connection. Return the seconds until the next one."""
        code = 0
        try:
            address = await self._address()
            async with connect(
                address.url, close_timeout=_CLOSE_SECONDS, **address.options()
            ) as socket:
                await self._serve(socket)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 0
        except InvalidStatus as refused:
            return self._retries.after_refusal(refused)
        except (OSError, WebSocketException, ConnectionFailedError):
            pass
        return self._retries.after_loss(code)

    async def _serve(self, socket: ClientConnection) -> None:
        """Handle messages until the session has ended.

        Raises:
            ConnectionClosed: the connection is lost.
        """
        resume = {
            "type": "resume",
            "capture_id": self.capture_id,
            "after_sequence": self.sequence,
        }
        await socket.send(json.dumps(resume if self.capture_id else self._begin))
        sending: asyncio.Task[None] | None = None
        try:
            while self._ended is None:
                message: Data = json.loads(await socket.recv())
                self._take(message["type"], message["data"])
                if message["type"] == "begun":
                    sending = asyncio.create_task(self._send(socket), name="live sound")
        finally:
            if sending is not None:
                sending.cancel()

    def _take(self, kind: str, data: Data) -> None:
        match kind:
            case "begun":
                self.capture_id = data["capture"]["capture_id"]
                self.transcription_id = data["transcription_id"]
                self._finish_sent = False
                self._retries.served()
                self._chunks.begin(data["capture"]["next_chunk"])
                self._become("open")
            case "acknowledged":
                self._missing = data["missing"]
                self._chunks.acknowledge(data["next_chunk"])
                self._changed.set()
                self._room.set()
                return
            case "final" | "speaker":
                if data["sequence"] <= self.sequence:
                    return
                self.sequence = data["sequence"]
            case "notice" if data["code"] == "chunks_missing":
                self._chunks.repeat()
                self._finish_sent = False
                self._changed.set()
            case "error":
                self._retries.reported = data
                return
            case "ended":
                self._ended = data
        self._tell({"type": kind, "data": data})

    async def _send(self, socket: ClientConnection) -> None:
        """Send sound, and the end of it, until the connection is lost."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._changed.clear()
                while (message := self._chunks.next_message(_MOST_UNDERWAY)) is not None:
                    await socket.send(message)
                if self._finishing and self._chunks.all_sent and not self._finish_sent:
                    self._finish_sent = True
                    await socket.send(json.dumps(self._finish()))
                await self._changed.wait()

    def _finish(self) -> Data:
        # Chunks of another process never come.
        lost = any(not self._chunks.has(number) for number in self._missing)
        return {"type": "finish", "chunk_count": self._chunks.count, "allow_gaps": lost}

    def _become(self, state: str) -> None:
        if self._state != state:
            self._state = state
            self._tell({"type": "state", "data": state})

    def _tell(self, message: Data) -> None:
        if self._unread.qsize() < _MOST_UNREAD or message["type"] not in _REPLACED:
            self._unread.put_nowait(message)
