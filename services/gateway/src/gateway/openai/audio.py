"""Endpoints for audio, `/v1/audio`."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from common import logging
from common.errors import ApplicationError
from gateway.openai import answers, streaming
from gateway.openai.calls import AudioCall, AudioCalls
from gateway.openai.departure import Departure, with_pauses
from gateway.openai.parameters import Task
from gateway.openai.problems import described, problem
from gateway.openai.visitors import Visitors
from gateway.uploads.body import UploadBody

#: Pause after which a comment is sent, so that proxies keep the connection.
_PAUSE_SECONDS = 15.0
_PAUSE = b": waiting\n\n"
_log = logging.get(__name__)


class AudioApi:
    """Transcriptions and translations in one request each."""

    def __init__(self, visitors: Visitors, calls: AudioCalls) -> None:
        self._visitors = visitors
        self._calls = calls
        self._open: set[asyncio.Task[Any]] = set()

    async def create_transcription(self, request: Request) -> Response:
        """Return the transcript of a recording."""
        return await self._answer(request, "transcribe")

    async def create_translation(self, request: Request) -> Response:
        """Return a recording's text in English."""
        return await self._answer(request, "translate")

    async def close(self, seconds: float) -> None:
        """Wait at most so many seconds for the ends of complete or cancelled requests.

        The ends need the connections to the database and to other services.
        """
        try:
            async with asyncio.timeout(seconds):
                while self._open:
                    await asyncio.wait(self._open)
        except TimeoutError:
            _log.warning("audio requests are still open", count=len(self._open))

    async def _answer(self, request: Request, task: Task) -> Response:
        self._note(asyncio.current_task())
        one = _Request(request, self._visitors, self._calls)
        try:
            call = await one.begin(task)
            if call.parameters.stream:
                return self._stream(one, call)
            body = await one.departure.before(self._body(call))
            # Nothing is left when the client has its answer.
            await self._end(one, complete=True)
        except ApplicationError as error:
            await self._end(one)
            if _is_ours(error):
                _log.warning("request failed", code=error.code, reason=error.message)
            answer = problem(error)
            answer.headers.update(one.headers)
            return answer
        except BaseException:
            await self._end(one)
            raise
        kind = answers.CONTENT_TYPES[call.parameters.response_format]
        return Response(body, headers={**one.headers, "Content-Type": kind})

    async def _body(self, call: AudioCall) -> str:
        async with aclosing(self._calls.watch(call)) as states:
            async for _ in states:
                pass
        return answers.render(await self._calls.transcript(call), call.parameters)

    def _stream(self, one: "_Request", call: AudioCall) -> Response:
        return _EventResponse(self._events(one, call), lambda: self._end(one), one.headers)

    async def _events(self, one: "_Request", call: AudioCall) -> AsyncGenerator[bytes, None]:
        try:
            async with (
                aclosing(streaming.events(self._calls, call)) as events,
                aclosing(with_pauses(events, one.departure, _PAUSE_SECONDS)) as paused,
            ):
                async for event in paused:
                    if event is not None and event["type"] == streaming.DONE:
                        await self._end(one, complete=True)
                    yield _PAUSE if event is None else streaming.encoded(event)
        except ClientDisconnect:
            _log.info("client hung up", job_id=call.job_id)
        except ApplicationError as error:
            await self._end(one)
            yield streaming.encoded({"type": "error", "error": described(error)})

    async def _end(self, one: "_Request", *, complete: bool = False) -> None:
        """End a request once, also when this task is being cancelled."""
        await asyncio.shield(self._detached(one.end(complete=complete)))

    def _detached(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._note(task)
        return task

    def _note(self, task: "asyncio.Task[Any] | None") -> None:
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)


class _EventResponse(StreamingResponse):
    """Server-sent events. `end` is called after them, also if the client left before the first."""

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        end: Callable[[], Awaitable[None]],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(
            events,
            media_type="text/event-stream",
            headers={**headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        self._events = events
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(self._events):
                await super().__call__(scope, receive, send)
        finally:
            await self._end()


class _Request:
    """One request with its caller and, once its recording is stored, its call."""

    def __init__(self, request: Request, visitors: Visitors, calls: AudioCalls) -> None:
        self._request = request
        self._visitors = visitors
        self._calls = calls
        self._stack = AsyncExitStack()
        self._call: AudioCall | None = None
        self._departure: Departure | None = None
        self._ended = False
        self.headers: dict[str, str] = {}

    @property
    def departure(self) -> Departure:
        """The client's departure, for use after the body has been read."""
        if self._departure is None:
            self._departure = Departure(self._request)
        return self._departure

    async def begin(self, task: Task) -> AudioCall:
        """Find the caller, store the recording and queue its job."""
        visitor = await self._stack.enter_async_context(self._visitors.visiting(self._request))
        self.headers |= visitor.headers
        self._call = await self._calls.begin(visitor, UploadBody.of(self._request), task)
        self.headers |= {
            "X-Transcription-Id": str(self._call.transcription_id),
            "X-Job-Id": self._call.job_id,
        }
        return self._call

    async def end(self, *, complete: bool) -> None:
        """Erase the call unless it is to be kept. Cancel its job unless it is complete."""
        if self._ended:
            return
        self._ended = True
        if self._departure is not None:
            self._departure.close()
        try:
            await self._tidy(complete=complete)
        finally:
            await self._stack.aclose()

    async def _tidy(self, *, complete: bool) -> None:
        call = self._call
        if call is None:
            return
        if call.kept:
            if not complete:
                await self._calls.cancel(call)
            return
        try:
            await self._calls.erase(call)
        except ApplicationError as error:
            if not call.visitor.guest:
                raise
            # The end of the guest's session erases all that is left.
            _log.warning(
                "cannot delete a guest's transcription",
                transcription_id=call.transcription_id,
                reason=error.message,
            )


def _is_ours(error: ApplicationError) -> bool:
    return problem(error).status_code >= 500
