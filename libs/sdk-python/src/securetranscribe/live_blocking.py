"""Live sessions of the blocking client. A thread of their own serves the connection."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from securetranscribe.errors import SecureTranscribeError
from securetranscribe.live_follower import LiveFollower
from securetranscribe.live_session import LiveSession
from securetranscribe.steps import Data

T = TypeVar("T")


class _Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="live session", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result. Several threads may do so at once."""
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result()
        except BaseException:
            waiting.cancel()
            raise

    def close(self) -> None:
        """Stop the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BlockingLiveSession:
    """A live session: send sound, and iterate over the messages of the server.

    Send in one thread and iterate in another one. Everything else is as in `LiveSession`.

    Example:
        >>> with client.live("linear16", sample_rate=16_000) as session:
        ...     threading.Thread(target=record, args=(session,)).start()
        ...     for message in session:
        ...         print(message["type"], message["data"])
    """

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._loop: _Loop | None = None

    @property
    def capture_id(self) -> str | None:
        """The capture of the session, with which it can be resumed. None before it has begun."""
        return self._session.capture_id

    @property
    def transcription_id(self) -> int | None:
        """The transcription of the session. None before it has begun."""
        return self._session.transcription_id

    @property
    def sequence(self) -> int:
        """Sequence of the last result."""
        return self._session.sequence

    def __enter__(self) -> Self:
        """Connect in the background."""
        self._loop = _Loop()
        self._loop.run(self._session.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        loop = self._opened()
        self._loop = None
        try:
            loop.run(self._session.__aexit__(kind, error, traceback))
        finally:
            loop.close()

    def send(self, sound: bytes, *, starts_stream: bool = False) -> None:
        """Add sound, best in pieces of 250 ms. Wait while much of it is not stored yet.

        Raises:
            SecureTranscribeError: the session has ended.
        """
        self._opened().run(self._session.send(sound, starts_stream=starts_stream))

    def finish(self) -> Data:
        """End the recording. Return the data of `ended` once the last results have arrived.

        Raises:
            ApiError: the server refuses the session.
            SecureTranscribeError: there is no sound.
        """
        return self._opened().run(self._session.finish())

    def __iter__(self) -> Iterator[Data]:
        """Yield the messages as they come, with their `type` and `data`. The last one is `ended`.

        Raises:
            ApiError: the server refuses the session.
        """
        while (message := self._opened().run(_next(self._session))) is not None:
            yield message

    def _opened(self) -> _Loop:
        if self._loop is None:
            raise SecureTranscribeError("Use 'with' to connect first.")
        return self._loop


def follow(follower: LiveFollower) -> Iterator[Data]:
    """Yield the messages of a follower, as it does."""
    loop, messages = _Loop(), aiter(follower)
    try:
        while (message := loop.run(_next(messages))) is not None:
            yield message
    finally:
        loop.run(messages.aclose())
        loop.close()


async def _next(messages: Any) -> Data | None:
    """Return the next message, None at the end."""
    return await anext(messages, None)
