"""Tools of the server, called by the SDK's own client in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client

from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.mcp_server.directories import Directories
from securetranscribe.mcp_server.server import server_of

Answer = Callable[[httpx2.Request], httpx2.Response]
STATUS = {
    "transcription_id": 7,
    "title": "Call",
    "created_at": "2026-11-29T10:00:00Z",
    "status": "processing",
    "progress_percentage": 40.0,
    "current_step": "Recognizing speech",
    "file_info": {"duration": 61.5},
    "language_detected": None,
    "speakers": [],
    "warnings": [],
    "error": None,
}


def success(data: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"success": True, "data": data})


def client_on(answer: Answer, directories: Directories | None = None) -> Client:
    api = AsyncSecureTranscribeClient(
        "http://test/api", "mine", transport=httpx2.MockTransport(answer), retries=0
    )
    return Client(server_of(api, web_url="https://web.test/", directories=directories))


async def call(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content
    return found


async def refusal(client: Client, name: str, **arguments: Any) -> str:
    result = await client.call_tool(name, arguments)
    assert result.is_error
    return str(getattr(result.content[0], "text", ""))


async def test_files_are_transcribed_in_allowed_directories_only(tmp_path: Path) -> None:
    async with client_on(lambda _: success({})) as reading:
        names = {tool.name for tool in (await reading.list_tools()).tools}
    assert names == {"search", "read_transcript", "list_transcriptions", "get_status"}
    async with client_on(lambda _: success({}), Directories([tmp_path])) as writing:
        tools = {tool.name: tool for tool in (await writing.list_tools()).tools}
        assert "below the allowed directories" in await refusal(
            writing, "transcribe_file", path="/etc/passwd"
        )
    assert tools.keys() - names == {"transcribe_file"}
    # No tool takes a priority, which is for administrators.
    assert not any("priority" in tool.input_schema["properties"] for tool in tools.values())
    assert {
        name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint
    } == names


async def test_a_transcript_is_read_with_places_to_cite() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["authorization"] == "Bearer mine"
        if request.url.path == "/api/transcription/status/7":
            return success(STATUS)
        assert request.url.path == "/api/transcription/7/transcript"
        assert dict(request.url.params) == {
            "words": "false",
            "limit": "2",
            "offset": "4",
            "from": "60.0",
        }
        segments = [
            {
                "id": f"1.{number}",
                "speaker": "Ann",
                "start_time": 60.25 + number,
                "end_time": 61.0 + number,
                "text": "Yes.",
            }
            for number in (5, 6)
        ]
        page = {"transcription_id": 7, "revision": 3, "offset": 4, "total": 9}
        return success({**page, "segments": segments})

    async with client_on(answer) as client:
        read = await call(
            client, "read_transcript", transcription_id=7, start=60, offset=4, limit=2
        )
    assert read["title"] == "Call"
    assert (read["revision"], read["total"], read["next_offset"]) == (3, 9, 6)
    assert read["passages"][0] == {
        "segment_id": "1.5",
        "speaker": "Ann",
        "start": 65.25,
        "end": 66.0,
        "text": "Yes.",
        "link": "https://web.test/t/7#t=65.2",
    }


async def test_waiting_ends_with_the_transcription() -> None:
    states = [STATUS, {**STATUS, "status": "completed", "progress_percentage": 100.0}]
    reported: list[tuple[float, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        reported.append((progress, message))

    async with client_on(lambda _: success(states.pop(0))) as client:
        result = await client.call_tool(
            "get_status", {"transcription_id": 7, "wait": 60}, progress_callback=on_progress
        )
    assert result.structured_content["status"] == "completed"
    assert result.structured_content["link"] == "https://web.test/t/7"
    assert reported == [(40.0, "Recognizing speech")]


async def test_errors_of_the_api_reach_the_model() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        error = {"code": "AUTHENTICATION_ERROR", "message": "The token has expired."}
        return httpx2.Response(401, json={"success": False, "error": error})

    async with client_on(answer) as client:
        text = await refusal(client, "list_transcriptions")
    assert "The token has expired." in text
    assert "securetranscribe login" in text


@pytest.mark.parametrize("limit", [0, 101])
async def test_limits_are_checked_before_anything_is_sent(limit: int) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise AssertionError("nothing is sent")

    async with client_on(answer) as client:
        assert "limit" in await refusal(client, "search", query="budget", limit=limit)
