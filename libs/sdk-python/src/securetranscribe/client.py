"""Blocking client."""

import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from securetranscribe import connection, live_blocking
from securetranscribe.calls import Calls
from securetranscribe.exchange import arguments_of, connection_errors, exchange
from securetranscribe.live import Address, LiveConnection
from securetranscribe.live_blocking import BlockingLiveSession
from securetranscribe.live_follower import LiveFollower
from securetranscribe.live_session import LiveSession
from securetranscribe.methods import Blocking, BlockingTyped
from securetranscribe.steps import Attempt, Data, Flow, Items, NextEvent, Parts, Pause, Request

T = TypeVar("T")
R = TypeVar("R")


class SecureTranscribeClient(Calls, Blocking):
    """Client for one deployment. Use it as a context manager, or call `close`.

    `base_url` ends in `/api`. Without a `session_token`, the first call creates a session and later
    calls continue it. Keep `session_token` to return to the session in another process. Instances
    are not thread-safe. Results are the documented dictionaries, and those of `typed` are objects
    of the classes in `securetranscribe.results`.

    Authorities of HTTPS are those of the system, or of the file in SSL_CERT_FILE.

    Every call raises `ApiError` when the API rejects the request and `ConnectionFailedError` when
    the API is unreachable. Calls that may succeed later are repeated up to `retries` times.

    Example:
        >>> with SecureTranscribeClient() as client, open("meeting.mp3", "rb") as file:
        ...     uploaded = client.upload_audio(file, auto_start=True)
        ...     transcript = client.wait(uploaded["transcription_id"])
    """

    def __init__(
        self,
        base_url: str = connection.DEFAULT_URL,
        session_token: str | None = None,
        *,
        timeout_seconds: float = 60,
        retries: int = 2,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.session_token = session_token
        self._retries = retries
        self._has_events = transport is None
        self._context: ssl.SSLContext = connection.context()
        self._http = httpx2.Client(
            **connection.options(timeout_seconds, self._context), transport=transport
        )
        self._client = self

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections. The session stays valid."""
        self._http.close()

    def open_live(self) -> LiveConnection:
        """Return a connection of its own for events. `events()` is the usual way to read them."""
        return LiveConnection(self._live_address)

    @property
    def typed(self) -> "TypedCalls":
        """The same calls with typed results."""
        return TypedCalls(self)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call any operation, and return the `data` of its response.

        `path` is below `/api`.

        Example:
            >>> client.request("POST", "/folders", json={"name": "Calls"})
        """
        parts = Parts(query=params or {}, json=json, content=content, headers=headers or {})
        request = Request(method=method, path=path, parts=parts)
        response: httpx2.Response = self._run(exchange(request, self._retries))
        return response.json()["data"] if response.content else {}

    def live(
        self,
        encoding: str | None = None,
        *,
        capture_id: str | None = None,
        after_sequence: int = 0,
        **options: Any,
    ) -> BlockingLiveSession:
        """Begin a live session, or resume that of `capture_id`.

        `options` are those of `begin` in docs/live.md, such as `sample_rate` and `language`.

        Example:
            >>> with client.live("linear16", sample_rate=16_000) as session:
            ...     for samples in recording:
            ...         session.send(samples)
            ...     ended = session.finish()
            ...     text = " ".join(m["data"]["text"] for m in session if m["type"] == "final")
        """
        return BlockingLiveSession(
            LiveSession(
                self._address_of("/live"),
                {"encoding": encoding, **options},
                capture_id=capture_id,
                after_sequence=after_sequence,
            )
        )

    def follow(self, transcription_id: int, *, after_sequence: int = 0) -> Iterator[Data]:
        """Yield the messages of a live session whose transcription the session may read.

        Example:
            >>> for message in client.follow(7):
            ...     if message["type"] == "final":
            ...         print(message["data"]["text"])
        """
        follower = LiveFollower(
            self._address_of("/live/follow"), transcription_id, after_sequence=after_sequence
        )
        return live_blocking.follow(follower)

    def _address_of(self, path: str) -> Callable[[], Awaitable[Address]]:
        if self.session_token is None:
            self.get_session()

        async def address() -> Address:
            found = connection.live_address(self.base_url, str(self.session_token), self._context)
            return replace(found, url=f"{found.url}{path}")

        return address

    def _perform(self, flow: Flow[T], _typed: Callable[[T], Any]) -> T:
        live = self.open_live()
        try:
            return self._run(flow, live)
        finally:
            live.close()

    def _iterate(self, flow: Flow[None], _kind: Callable[[Data], Any]) -> Iterator[Data]:
        live = self.open_live()
        try:
            step, answer = None, None
            while True:
                step = flow.send(answer)
                answer = None
                if isinstance(step, Items):
                    yield from step.items
                else:
                    answer = self._execute(step, live)
        except StopIteration:
            return
        finally:
            flow.close()
            live.close()

    def _run(self, flow: Flow[T], live: LiveConnection | None = None) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._execute(step, live)
                except Exception as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def _execute(self, step: object, live: LiveConnection | None) -> Any:
        match step:
            case Request():
                return self._run(exchange(step, self._retries))
            case Attempt():
                return self._attempt(step)
            case Pause():
                time.sleep(step.seconds)
            case NextEvent() if live is not None:
                return live.next(step)
        return None

    def _attempt(self, attempt: Attempt) -> httpx2.Response:
        token, sink = self.session_token, attempt.request.parts.sink
        arguments = arguments_of(attempt, base_url=self.base_url, token=token)
        with connection_errors(self.base_url):
            if sink is None:
                response = self._http.request(**arguments)
            else:
                with self._http.stream(**arguments) as response:
                    if response.is_error:
                        response.read()
                    else:
                        for chunk in response.iter_bytes():
                            sink.write(chunk)
        if self.session_token is None:
            self.session_token = response.cookies.get("session_token")
        return response

    def _live_address(self) -> Address | None:
        if not self._has_events or self.session_token is None:
            return None
        return connection.live_address(self.base_url, self.session_token, self._context)


class TypedCalls(Calls, BlockingTyped):
    """Calls whose results are objects of the classes in `securetranscribe.results`."""

    def __init__(self, client: SecureTranscribeClient) -> None:
        self._client = client

    def _perform(self, flow: Flow[T], typed: Callable[[T], R]) -> R:
        return typed(self._client._perform(flow, typed))

    def _iterate(self, flow: Flow[None], kind: Callable[[Data], R]) -> Iterator[R]:
        return (kind(data) for data in self._client._iterate(flow, kind))
