"""Endpoints for audio, `/v1/audio`."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

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
        self._endings: set[asyncio.Task[None]] = set()

    async def create_transcription(self, request: Request) -> Response:
        """Return the transcript of a recording."""
        return await self._answer(request, "transcribe")

    async def create_translation(self, request: Request) -> Response:
        """Return a recording's text in English."""
        return await self._answer(request, "translate")

    async def _answer(self, request: Request, task: Task) -> Response:
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
        return StreamingResponse(
            self._events(one, call),
            media_type="text/event-stream",
            headers={**one.headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    async def _events(self, one: "_Request", call: AudioCall) -> AsyncIterator[bytes]:
        complete = False
        try:
            async with aclosing(streaming.events(self._calls, call)) as events:
                async for event in with_pauses(events, one.departure, _PAUSE_SECONDS):
                    if event is not None and event["type"] == streaming.DONE:
                        complete = True
                        await self._end(one, complete=True)
                    yield _PAUSE if event is None else streaming.encoded(event)
        except ClientDisconnect:
            _log.info("client hung up", job_id=call.job_id)
        except ApplicationError as error:
            await self._end(one, complete=complete)
            yield streaming.encoded({"type": "error", "error": described(error)})
        finally:
            await self._end(one, complete=complete)

    async def _end(self, one: "_Request", *, complete: bool = False) -> None:
        """End a request once, also when this task is being cancelled."""
        await asyncio.shield(self._detached(one.end(complete=complete)))

    def _detached(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task


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
        if not call.kept:
            await self._calls.erase(call)
        elif not complete:
            await self._calls.cancel(call)


def _is_ours(error: ApplicationError) -> bool:
    return problem(error).status_code >= 500
