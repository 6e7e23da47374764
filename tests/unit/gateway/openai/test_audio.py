"""Ends of audio requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from starlette.requests import ClientDisconnect, Request

from gateway.openai import catalog
from gateway.openai.audio import AudioApi
from gateway.openai.calls import AudioCall, State
from gateway.openai.parameters import AudioParameters
from gateway.openai.visitors import Visitor

GUEST = Visitor(session=cast(Any, None), guest=True)
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/audio/transcriptions",
    "headers": [],
    "client": ("127.0.0.1", 1),
}


class Visitors:
    """One guest."""

    def __init__(self) -> None:
        self.invalidated = False

    @asynccontextmanager
    async def visiting(self, request: Request) -> AsyncIterator[Visitor]:
        try:
            yield GUEST
        finally:
            self.invalidated = True


class Calls:
    """A call whose job never ends, and whose deletion waits for an event."""

    def __init__(self) -> None:
        self.may_erase = asyncio.Event()
        self.erasing = asyncio.Event()
        self.erased = False

    async def begin(self, visitor: Visitor, body: object, task: str) -> AudioCall:
        parameters = AudioParameters(
            model=catalog.find("whisper-1"), task="transcribe", stream=True
        )
        return AudioCall(visitor=visitor, parameters=parameters, transcription_id=1, job_id="job")

    async def watch(self, call: AudioCall) -> AsyncGenerator[State, None]:
        await asyncio.Event().wait()
        yield State()

    async def erase(self, call: AudioCall) -> None:
        self.erasing.set()
        await self.may_erase.wait()
        self.erased = True


async def receive() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def send(message: object) -> None:
    raise OSError("The client has left.")


async def answer(api: AudioApi) -> None:
    """Serve a client that leaves before the first event."""
    # With this version, the server learns from sending that the client has left.
    scope = {**SCOPE, "asgi": {"spec_version": "2.4"}}
    response = await api.create_transcription(Request(scope, receive))
    await response(scope, receive, send)


async def test_stream_that_never_began_ends() -> None:
    visitors, calls = Visitors(), Calls()
    calls.may_erase.set()
    with pytest.raises(ClientDisconnect):
        await answer(AudioApi(cast(Any, visitors), cast(Any, calls)))
    assert calls.erased
    assert visitors.invalidated


async def test_close_waits_for_open_requests() -> None:
    visitors, calls = Visitors(), Calls()
    api = AudioApi(cast(Any, visitors), cast(Any, calls))
    answering = asyncio.create_task(answer(api))
    await calls.erasing.wait()
    answering.cancel()
    closing = asyncio.create_task(api.close(60))
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert not closing.done()
    calls.may_erase.set()
    await closing
    assert calls.erased
    assert visitors.invalidated


async def test_close_is_bounded() -> None:
    calls = Calls()
    api = AudioApi(cast(Any, Visitors()), cast(Any, calls))
    answering = asyncio.create_task(answer(api))
    await calls.erasing.wait()
    await api.close(0)
    assert not calls.erased
    calls.may_erase.set()
    await asyncio.wait({answering})
    assert calls.erased
    # The task has the error of a client that left.
    assert answering.exception() is not None
