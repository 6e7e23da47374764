"""Asynchronous client."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from securetranscribe import connection
from securetranscribe.calls import Calls
from securetranscribe.exchange import arguments_of, connection_errors, exchange
from securetranscribe.live import Address, AsyncLiveConnection
from securetranscribe.live_follower import LiveFollower
from securetranscribe.live_session import LiveSession
from securetranscribe.methods import Awaiting, AwaitingTyped
from securetranscribe.steps import Attempt, Data, Flow, Items, NextEvent, Parts, Pause, Request

T = TypeVar("T")
R = TypeVar("R")


class AsyncSecureTranscribeClient(Calls, Awaiting):
    """Client for one deployment, as `SecureTranscribeClient` with methods to await.

    Tasks of one event loop can share it.

    Example:
        >>> async with AsyncSecureTranscribeClient() as client:
        ...     with open("meeting.mp3", "rb") as file:
        ...         uploaded = await client.upload_audio(file, auto_start=True)
        ...     transcript = await client.wait(uploaded["transcription_id"])
    """

    def __init__(
        self,
        base_url: str = connection.DEFAULT_URL,
        session_token: str | None = None,
        *,
        timeout_seconds: float = 60,
        retries: int = 2,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.session_token = session_token
        self._retries = retries
        self._has_events = transport is None
        self._context: ssl.SSLContext = connection.context()
        self._http = httpx2.AsyncClient(
            **connection.options(timeout_seconds, self._context), transport=transport
        )
        self._first = asyncio.Lock()
        self._client = self

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections. The session stays valid."""
        await self._http.aclose()

    @property
    def typed(self) -> "AsyncTypedCalls":
        """The same calls with typed results."""
        return AsyncTypedCalls(self)

    async def request(
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
            >>> await client.request("POST", "/folders", json={"name": "Calls"})
        """
        parts = Parts(query=params or {}, json=json, content=content, headers=headers or {})
        request = Request(method=method, path=path, parts=parts)
        response: httpx2.Response = await self._run(exchange(request, self._retries))
        return response.json()["data"] if response.content else {}

    def live(
        self,
        encoding: str | None = None,
        *,
        capture_id: str | None = None,
        after_sequence: int = 0,
        **options: Any,
    ) -> LiveSession:
        """Begin a live session, or resume that of `capture_id`.

        `options` are those of `begin` in docs/live.md, such as `sample_rate` and `language`.

        Example:
            >>> async with client.live("linear16", sample_rate=16_000) as session:
            ...     await session.send(samples)
            ...     ended = await session.finish()
            ...     async for message in session:
            ...         print(message["type"], message["data"])
        """
        begin = {"encoding": encoding, **options}
        return LiveSession(
            self._live_session_address,
            begin,
            capture_id=capture_id,
            after_sequence=after_sequence,
        )

    def follow(self, transcription_id: int, *, after_sequence: int = 0) -> LiveFollower:
        """Follow a live session whose transcription the session may read.

        Example:
            >>> async for message in client.follow(7):
            ...     if message["type"] == "final":
            ...         print(message["data"]["text"])
        """
        return LiveFollower(self._follow_address, transcription_id, after_sequence=after_sequence)

    async def _follow_address(self) -> Address:
        address = await self._live_session_address()
        return replace(address, url=f"{address.url}/follow")

    async def _live_session_address(self) -> Address:
        if self.session_token is None:
            await self.get_session()
        address = connection.live_address(self.base_url, str(self.session_token), self._context)
        return replace(address, url=f"{address.url}/live")

    async def _perform(self, flow: Flow[T], _typed: Callable[[T], Any]) -> T:
        live = AsyncLiveConnection(self._live_address)
        try:
            return await self._run(flow, live)
        finally:
            await live.close()

    async def _iterate(self, flow: Flow[None], _kind: Callable[[Data], Any]) -> AsyncIterator[Data]:
        live = AsyncLiveConnection(self._live_address)
        try:
            answer = None
            while True:
                try:
                    step = flow.send(answer)
                except StopIteration:
                    return
                answer = None
                if isinstance(step, Items):
                    for item in step.items:
                        yield item
                else:
                    answer = await self._execute(step, live)
        finally:
            flow.close()
            await live.close()

    async def _run(self, flow: Flow[T], live: AsyncLiveConnection | None = None) -> T:
        # A coroutine may not raise StopIteration, so it is caught next to the generator.
        send, value = flow.send, None
        while True:
            try:
                step = send(value)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                send, value = flow.send, await self._execute(step, live)
            except Exception as error:
                send, value = flow.throw, error

    async def _execute(self, step: object, live: AsyncLiveConnection | None) -> Any:
        match step:
            case Request():
                return await self._run(exchange(step, self._retries))
            case Attempt():
                return await self._attempt(step)
            case Pause():
                await asyncio.sleep(step.seconds)
            case NextEvent() if live is not None:
                return await live.next(step)
        return None

    async def _attempt(self, attempt: Attempt) -> httpx2.Response:
        if self.session_token is None:
            # The first response creates the session, which calls at the same time wait for.
            async with self._first:
                if self.session_token is None:
                    response = await self._send(attempt)
                    self.session_token = response.cookies.get("session_token")
                    return response
        return await self._send(attempt)

    async def _send(self, attempt: Attempt) -> httpx2.Response:
        token, sink = self.session_token, attempt.request.parts.sink
        arguments = arguments_of(attempt, base_url=self.base_url, token=token)
        with connection_errors(self.base_url):
            if sink is None:
                return await self._http.request(**arguments)
            async with self._http.stream(**arguments) as response:
                if response.is_error:
                    await response.aread()
                else:
                    async for chunk in response.aiter_bytes():
                        sink.write(chunk)
            return response

    def _live_address(self) -> Address | None:
        if not self._has_events or self.session_token is None:
            return None
        return connection.live_address(self.base_url, self.session_token, self._context)


class AsyncTypedCalls(Calls, AwaitingTyped):
    """Calls whose results are objects of the classes in `securetranscribe.results`."""

    def __init__(self, client: AsyncSecureTranscribeClient) -> None:
        self._client = client

    async def _perform(self, flow: Flow[T], typed: Callable[[T], R]) -> R:
        return typed(await self._client._perform(flow, typed))

    async def _iterate(self, flow: Flow[None], kind: Callable[[Data], R]) -> AsyncIterator[R]:
        async for data in self._client._iterate(flow, kind):
            yield kind(data)
