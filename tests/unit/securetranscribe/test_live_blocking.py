"""Live sessions of the blocking client, against a server whose messages a test decides."""

import asyncio
import threading
from typing import Any

import pytest

from securetranscribe import SecureTranscribeClient, SecureTranscribeError
from securetranscribe.errors import LockedError
from tests.unit.securetranscribe.live_server import Connection, is_kind, server


async def answer(connection: Connection, part: Any) -> None:
    """Answer each chunk with a final text."""
    if is_kind(part, "finish"):
        await connection.end()
    elif isinstance(part, dict):
        await connection.begin()
    else:
        await connection.acknowledge(part[0] + 1)
        await connection.final(part[0] + 1, f"word {part[0]}")


async def test_sound_is_sent_by_one_thread_and_read_by_another() -> None:
    def record(url: str) -> tuple[list[Any], Any, int | None]:
        with (
            SecureTranscribeClient(url, "token") as client,
            client.live("linear16", sample_rate=16_000) as session,
        ):
            ended: list[Any] = []

            def send() -> None:
                for byte in b"\0\1\2":
                    session.send(bytes([byte, 0]))
                ended.append(session.finish())

            sending = threading.Thread(target=send)
            sending.start()
            seen = list(session)
            sending.join()
            assert session.sequence == 3
            assert session.capture_id == "c1"
            with pytest.raises(SecureTranscribeError, match="has ended"):
                session.send(b"\0\0")
            return seen, ended[0], session.transcription_id

    async with server(answer) as found:
        seen, ended, number = await asyncio.to_thread(record, found.client.base_url)
        assert [one["data"]["text"] for one in seen if one["type"] == "final"] == [
            "word 0",
            "word 1",
            "word 2",
        ]
        assert ended["transcription_id"] == number == 7
        assert found.firsts[0]["encoding"] == "linear16"
        assert [data for _, _, data in found.chunks] == [b"\0\0", b"\1\0", b"\2\0"]


async def test_refusals_are_raised_by_every_call() -> None:
    async def handle(connection: Connection, _part: Any) -> None:
        await connection.tell("error", code="LOCKED", message="Another one.", details={})
        await connection.socket.close(4409)

    def record(url: str) -> None:
        with SecureTranscribeClient(url, "token") as client, client.live("webm_opus") as session:
            with pytest.raises(LockedError):
                list(session)
            with pytest.raises(LockedError):
                session.send(b"\0")

    async with server(handle) as found:
        await asyncio.to_thread(record, found.client.base_url)


async def test_session_without_a_context() -> None:
    with SecureTranscribeClient("http://127.0.0.1:9/api", "token") as client:
        session = client.live("webm_opus")
        with pytest.raises(SecureTranscribeError, match="'with'"):
            session.send(b"\0")
