"""HEAD on every path with GET."""

import re
from typing import Any

import httpx2

from tests.integration.gateway.conftest import MakeGateway
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_speakers import enrolled, transcribed

#: Headers that differ from one response to the next.
_VARYING = {
    "date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset", "content-length",
    "transfer-encoding",
}  # fmt: skip
#: Paths whose bodies contain elapsed times, or counts and entries of requests.
_GROWING = {"/api/sessions/current", "/api/queue/status", "/api/audit", "/metrics"}


def compared(answer: httpx2.Response) -> dict[str, str]:
    return {
        # The names of some files contain the time.
        name: re.sub(r"\d{8}T\d{6}Z", "", value)
        for name, value in answer.headers.items()
        if name not in _VARYING
    }


async def paths(client: httpx2.AsyncClient, peers: Peers) -> list[str]:
    """Return the path of an existing resource for every documented GET."""
    number = await transcribed(client, peers)
    peers.transcriber.transcriptions[number].speakers[0].speaker_label = "Speaker_1"
    started = (await client.get("/api/queue/jobs")).json()["data"]["jobs"]
    speaker, _ = await enrolled(client)
    values = {
        "transcription_id": number,
        "speaker_label": "Speaker_1",
        "speaker_id": speaker["id"],
        "job_id": started[0]["job_id"],
        "upload_id": "0" * 32,
        "capture_id": "0" * 32,
        "provider": "none",
        "workspace_id": "session_none",
        "link_id": 1,
        "webhook_id": "0" * 32,
    }
    document = (await client.get("/openapi.json")).json()
    return [
        path.format_map(values) + ("?export_format=pdf" if "/export/" in path else "")
        for path, operations in document["paths"].items()
        if "get" in operations
    ]


async def test_headers_equal_those_of_get(client: httpx2.AsyncClient, peers: Peers) -> None:
    pages = ["/", "/docs", "/redoc", "/openapi.json", "/static/docs.js", "/metrics"]
    found = [*await paths(client, peers), *pages]
    answered = 0
    for path in found:
        told, whole = await client.head(path), await client.get(path)
        # Some need a query, or a service that has no fake here.
        assert (told.status_code, told.content) == (whole.status_code, b""), path
        answered += whole.status_code == 200
        assert compared(told) == compared(whole), path
        if path not in _GROWING:
            assert told.headers.get("content-length") == whole.headers.get("content-length"), path
    assert answered > 20


async def test_errors_have_the_status_of_get(client: httpx2.AsyncClient) -> None:
    for path in (
        "/api/transcription/status/999999999",
        "/api/speakers/999999999/clip",
        "/api/transcription/export/999999999?export_format=pdf",
        "/api/queue/jobs/job_0",
        "/api/nowhere",
    ):
        told = await client.head(path)
        assert (told.status_code, told.content) == (404, b""), path
    invalid = await client.head("/api/transcription/status/abc")
    assert invalid.status_code == 400


async def test_a_connection_stays_usable_after_head(client: httpx2.AsyncClient) -> None:
    """A body would be taken for the next response."""
    for _ in range(3):
        assert (await client.head("/api/sessions/current")).status_code == 200
        assert (await client.get("/api/sessions/current")).json()["success"] is True


async def test_head_counts_as_get(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(rate_limit_status="2/minute", rate_limit_export="1/minute") as limited,
        limited.client() as client,
    ):
        statuses = [(await client.head("/api/queue/status")).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        export: Any = "/api/transcription/export/1?export_format=pdf"
        assert [(await client.head(export)).status_code for _ in range(2)] == [404, 429]
