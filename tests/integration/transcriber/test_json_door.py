"""Limits of the transcriber's api as JSON clients meet them, through a real Envoy."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from common.objects import ObjectStore
from tests.integration.envoy import running_envoy
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import wav

UPLOAD = "/v1/transcriptions:upload"
#: Status codes of gRPC in the answers.
DENIED, EXHAUSTED, OUT_OF_RANGE = 7, 8, 11
#: Four seconds of sound fit in, ten do not.
STORED_BYTES = 150_000


@asynccontextmanager
async def door(api: Api, name: str = "a") -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of a session behind Envoy."""
    async with (
        running_envoy({"transcriber-api": api.address}, probe="/v1/queue") as url,
        httpx2.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer token-{name}"}, timeout=60
        ) as client,
    ):
        yield client


def message(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


async def upload(client: httpx2.AsyncClient, sound: bytes, **config: Any) -> httpx2.Response:
    """Upload a recording as a stream of messages."""
    config = {"filename": "a.wav", "language": "en", "auto_start": False, **config}
    messages = (message(config=config), message(chunk=base64.b64encode(sound).decode()))
    return await client.post(UPLOAD, content=b"[" + b",".join(messages) + b"]", headers=_JSON)


_JSON = {"Content-Type": "application/json"}


def refused(answer: httpx2.Response, code: int, text: str) -> None:
    assert answer.status_code >= 400, answer.text
    body = answer.json()
    assert body["code"] == code, body
    assert text in body["message"]


async def test_limits_are_those_of_every_door(apis: ApiFactory, objects: ObjectStore) -> None:
    limits = {"queue_size": 2, "max_duration": 60, "max_stored_bytes": STORED_BYTES}
    async with apis.run(**limits) as api, door(api) as client:
        refused(await upload(client, wav(61.0, rate=1000)), OUT_OF_RANGE, "0:01:01")
        kept = await upload(client, wav(4.0))
        assert kept.status_code == 200, kept.text
        number = kept.json()["transcription"]["transcription_id"]
        refused(await upload(client, wav(6.0)), EXHAUSTED, "of storage")

        start = f"/v1/transcriptions/{number}:start"
        refused(await client.post(start, json={"priority": 9}), DENIED, "priority above 5")
        for _ in range(2):
            await api.caller("b").upload(wav(1.0), auto_start=True)
        full = await client.post(start, json={})
        assert full.status_code == 429
        refused(full, EXHAUSTED, "The queue is full")
        assert (
            len([key for key in await objects.keys("audio") if key.startswith(f"{number}/")]) == 1
        )


async def trickle(client: httpx2.AsyncClient) -> tuple[str, str]:
    """Upload byte by byte. Return the head and the body of the answer that ends it."""
    url = client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)

    async def send() -> None:
        head = (
            f"POST {UPLOAD} HTTP/1.1",
            f"Host: {url.host}",
            f"Authorization: {client.headers['Authorization']}",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
        )
        writer.write("\r\n".join((*head, "", "")).encode())
        config = message(config={"filename": "a.wav", "language": "en"})
        writer.write(_framed(b"[" + config + b","))
        part = message(chunk=base64.b64encode(wav(1.0)).decode())
        while True:
            writer.write(_framed(part))
            await writer.drain()
            await asyncio.sleep(0.05)
            part = b"," + message(chunk="eA==")

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(60):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            [length] = re.findall(r"content-length: (\d+)", head)
            return head, (await reader.readexactly(int(length))).decode()
    finally:
        sending.cancel()
        writer.close()


def _framed(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def test_trickling_upload_ends(apis: ApiFactory, objects: ObjectStore) -> None:
    slow = {"upload_idle_seconds": 3, "upload_least_rate": 100_000}
    async with apis.run(**slow) as api, door(api) as client:
        head, body = await trickle(client)
        assert head.startswith("http/1.1 504"), head
        assert "slower than 97.7 KiB per second" in body
        assert await objects.keys("audio") == []
