"""The server of the Model Context Protocol, with the SDK's own client on standard input."""

import importlib.metadata
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from securetranscribe import SecureTranscribeClient
from tests import clients
from tests.e2e.stack import JOB_SECONDS, Completed, Stack

pytestmark = pytest.mark.e2e

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def connect(stack: Stack, tmp_path: Path) -> Connect:
    """Return a context manager that starts the server with a token."""

    @asynccontextmanager
    async def started(token: str, *arguments: str) -> AsyncIterator[Client]:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "securetranscribe.cli", "mcp", *arguments],
            env={
                "SECURETRANSCRIBE_URL": f"{stack.base_url}/api",
                "SECURETRANSCRIBE_TOKEN": token,
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
            },
        )
        async with Client(parameters, read_timeout_seconds=JOB_SECONDS) as client:
            yield client

    return started


async def call(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content
    return found


async def refusal(client: Client, name: str, **arguments: Any) -> str:
    result = await client.call_tool(name, arguments)
    assert result.is_error
    return str(getattr(result.content[0], "text", ""))


async def test_a_transcript_is_found_and_cited(
    stack: Stack, connect: Connect, completed: Completed
) -> None:
    async with connect(completed.token, "--web-url", "https://web.test") as client:
        listed = await call(client, "list_transcriptions", status="completed")
        assert completed.transcription_id in {
            one["transcription_id"] for one in listed["transcriptions"]
        }
        word = completed.state["segments"][0]["text"].split()[0].strip(".,?!")
        found = await call(
            client, "search", query=word, transcription_id=completed.transcription_id
        )
        hit = next(one for one in found["hits"] if one["segment_id"])
        read = await call(
            client,
            "read_transcript",
            transcription_id=completed.transcription_id,
            start=max(0, hit["start"] - 1),
        )
    cited = next(one for one in read["passages"] if one["segment_id"] == hit["segment_id"])
    assert cited["speaker"] in completed.state["speakers"]
    assert (
        cited["link"] == f"https://web.test/t/{completed.transcription_id}#t={cited['start']:.1f}"
    )
    assert read["title"] == hit["title"]
    clients.note(
        client="mcp for Python",
        version=importlib.metadata.version("mcp"),
        run="`search` and `read_transcript` of [its page](mcp.md)",
        output=f"{cited['speaker']} {cited['start']:.1f} {cited['text']}",
    )


async def test_a_file_is_transcribed(
    connect: Connect, client: SecureTranscribeClient, clip: bytes, tmp_path: Path
) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls/a.wav").write_bytes(clip)
    (tmp_path / "secret.wav").write_bytes(clip)
    client.get_session()
    async with connect(str(client.session_token), "--directory", str(tmp_path / "calls")) as model:
        done = await call(
            model, "transcribe_file", path="a.wav", language="en", speakers=1, wait=JOB_SECONDS
        )
        assert done["status"] == "completed"
        assert done["title"]
        state = await call(model, "get_status", transcription_id=done["transcription_id"])
        assert state["language"] == "en"
        assert "There is no file" in await refusal(model, "transcribe_file", path="../secret.wav")
    (item,) = client.find_transcriptions()
    assert (item["id"], item["original_filename"]) == (done["transcription_id"], "a.wav")


async def test_the_rights_are_those_of_the_token(
    stack: Stack, connect: Connect, completed: Completed, clip: bytes, tmp_path: Path
) -> None:
    with stack.client(completed.token) as owner:
        link = owner.create_link(completed.transcription_id)
    with stack.client() as guest:
        opened = guest.request_link(link["token"])
    with stack.client() as somebody:
        somebody.get_session()
        stranger = str(somebody.session_token)
    (tmp_path / "a.wav").write_bytes(clip)
    async with connect(opened["session_token"], "--directory", str(tmp_path)) as reader:
        read = await call(
            reader, "read_transcript", transcription_id=completed.transcription_id, limit=1
        )
        assert read["total"] == len(completed.state["segments"])
        assert "AUTHORIZATION_ERROR" in await refusal(reader, "transcribe_file", path="a.wav")
    async with connect(stranger) as other:
        assert "NOT_FOUND" in await refusal(
            other, "read_transcript", transcription_id=completed.transcription_id
        )
        assert (await call(other, "list_transcriptions"))["transcriptions"] == []
