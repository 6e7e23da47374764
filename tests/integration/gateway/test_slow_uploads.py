"""Uploads that trickle, too many uploads at once, and forms without end."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from gateway.openai.form import MAX_FIELD_BYTES
from gateway.openai.routes import PREFIXES
from gateway.uploads.import_forms import MOST_BYTES
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.fake_transcriber import GIVEN_UP
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_uploads import (
    BOUNDARY,
    CONTENT_TYPE,
    SOUND,
    UPLOAD,
    error,
    field,
    file,
    form,
    send,
    stored,
)

TRICKLING = 40


async def token_of(running: Running) -> str:
    async with running.client() as client:
        answer = await client.post("/api/sessions/create")
        return str(answer.json()["data"]["session_token"])


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """Return the status and the body of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    return int(head.split()[1]), json.loads(await reader.readexactly(int(length)))


async def trickle(running: Running, token: str, name: str) -> Any:
    """Send an upload byte by byte until the server answers. Return the answer's body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.gateway.http_port)
    head = (
        f"POST {UPLOAD} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: {CONTENT_TYPE['Content-Type']}\r\n\r\n"
    )
    writer.write(head.encode() + file(SOUND, name)[:-2])
    answering = asyncio.create_task(read_answer(reader))
    try:
        while not answering.done():
            writer.write(b"x")
            await asyncio.wait([answering], timeout=0.05)
        status, answer = await answering
        assert status == 400
        return answer
    finally:
        answering.cancel()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_trickling_uploads_stop_nobody_and_end(
    make_gateway: MakeGateway, peers: Peers
) -> None:
    name = f"{GIVEN_UP}-trickling.mp3"
    slow = {"upload_idle_seconds": 4, "upload_least_rate": 100_000}
    async with make_gateway(**slow) as running, running.client() as client:
        tokens = [await token_of(running) for _ in range(TRICKLING)]
        sending = [asyncio.create_task(trickle(running, token, name)) for token in tokens]
        await until(lambda: peers.transcriber.begun.count(name) == TRICKLING)
        answer = await send(client, file())
        assert answer.status_code == 201
        assert not any(one.done() for one in sending)
        for ended in await asyncio.gather(*sending):
            assert ended["error"]["code"] == "FILE_UPLOAD_ERROR"
            assert "slower than 97.7 KiB per second" in ended["error"]["message"]
        await until(lambda: peers.transcriber.aborted.count(name) == TRICKLING)
        assert await stored(client) == 1
        for token in tokens[:3]:
            async with running.client(headers={"Authorization": f"Bearer {token}"}) as one:
                assert await stored(one) == 0


@pytest.mark.parametrize(
    ("limits", "sessions"),
    [
        ({"uploads_per_session": 2}, 1),
        ({"uploads_per_address": 2}, 2),
        ({"uploads_at_once": 2}, 2),
    ],
)
async def test_uploads_at_once_are_limited(
    make_gateway: MakeGateway, peers: Peers, limits: dict[str, int], sessions: int
) -> None:
    name = f"waiting-{'-'.join(limits)}.mp3"
    go_on = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        whole = form(file(SOUND, name))
        yield whole[:400]
        await go_on.wait()
        yield whole[400:]

    async with make_gateway(**limits) as running:
        tokens = [await token_of(running) for _ in range(sessions)]
        clients = [
            running.client(headers={"Authorization": f"Bearer {tokens[number % sessions]}"})
            for number in range(2)
        ]
        sending = [
            asyncio.create_task(client.post(UPLOAD, content=waiting(), headers=CONTENT_TYPE))
            for client in clients
        ]
        await until(lambda: peers.transcriber.begun.count(name) == 2)
        refused = await send(clients[0], file())
        assert (refused.status_code, error(refused)["code"]) == (503, "RESOURCE_EXHAUSTED")
        assert int(refused.headers["retry-after"]) > 0
        go_on.set()
        answers = await asyncio.gather(*sending)
        assert {answer.status_code for answer in answers} == {201}
        assert (await send(clients[0], file())).status_code == 201
        for client in clients:
            await client.aclose()


async def answer_to(
    running: Running, path: str, body: bytes, *, boundary: str = BOUNDARY, **headers: str
) -> tuple[int, Any]:
    """Send a part of a longer announced form, and return the answer that comes nevertheless."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.gateway.http_port)
    lines = (f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000000\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n{''.join(lines)}\r\n"
    )
    try:
        writer.write(head.encode() + body)
        return await read_answer(reader)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


#: Fields with files by the paths of forms.
FORMS = {
    UPLOAD: ("file",),
    "/api/speakers/1/enroll": ("file",),
    "/api/transcription/1/import": ("file",),
    "/api/imports": ("audio", "transcript"),
}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("part", ["field", "header", "after the end"])
async def test_every_form_is_bounded_apart_from_its_file(
    running: Running, client: httpx2.AsyncClient, path: str, part: str
) -> None:
    await client.get("/api/sessions/current")
    before, fields = {
        "field": (field("note", "")[:-2], ("body", "note")),
        "header": (f"--{BOUNDARY}\r\nX-Long: ".encode(), ("file",)),
        "after the end": (
            form(*(file(filename=f"{GIVEN_UP}-at-its-end.mp3", name=name) for name in FORMS[path])),
            ("body",),
        ),
    }[part]
    status, answer = await answer_to(
        running,
        path,
        before + b"x" * 150_000,
        Cookie=f"session_token={client.cookies['session_token']}",
    )
    assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer["error"]["details"]["field"] in fields
    assert await stored(client) == 0


async def test_repeated_forms_have_the_same_limits(make_gateway: MakeGateway) -> None:
    """A repeated form is only compared with the first one, which could go on without end."""
    limit = 100_000
    async with make_gateway(max_file_size=limit) as running, running.client() as client:
        for path, most in ((UPLOAD, limit), ("/api/imports", limit + MOST_BYTES)):
            key = uuid.uuid4().hex
            whole = form(*(file(name=name) for name in FORMS[path]))
            headers = {**CONTENT_TYPE, "Idempotency-Key": key}
            first = await client.post(path, content=whole, headers=headers)
            assert first.status_code == 201, first.text
            cookie = f"session_token={client.cookies['session_token']}"
            for again, status in (
                (whole + b"x" * 150_000, 400),
                (file(SOUND + b"x" * most, name=FORMS[path][0]), 422),
            ):
                answered = await answer_to(running, path, again, Cookie=cookie, Idempotency_Key=key)
                assert answered[0] == status, answered
        assert await stored(client) == 2


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("task", ["transcriptions", "translations"])
@pytest.mark.parametrize("part", ["field", "many fields", "header", "after the end"])
async def test_forms_of_audio_are_bounded_apart_from_their_file(
    running: Running, peers: Peers, prefix: str, task: str, part: str
) -> None:
    name = f"{GIVEN_UP}{prefix.replace('/', '-')}-{task}.mp3"
    before, size = {
        "field": (field("prompt", "")[:-2], MAX_FIELD_BYTES + 100),
        "many fields": (field("prompt", "") * 300, 0),
        "header": (f"--{BOUNDARY}\r\nX-Long: ".encode(), 150_000),
        "after the end": (form(field("model", "whisper-1"), file(filename=name)), 150_000),
    }[part]
    status, answer = await answer_to(running, f"{prefix}/audio/{task}", before + b"x" * size)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert all(one.config.filename != name for one in peers.transcriber.uploads.values())
