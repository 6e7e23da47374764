"""Export endpoint."""

import asyncio
from typing import Any

import httpx2
import pytest

from securetranscribe.v1 import export_pb2
from tests.integration.gateway.conftest import until
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload


async def test_a_document_is_streamed(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/export/{number}",
        params={"export_format": "pdf", "include_options": ["meeting_summary", "action_items"]},
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == b"%first second"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="gr__e.pdf"')
    assert "filename*=UTF-8''gr%C3%B6%C3%9Fe.pdf" in disposition
    request = peers.exporter.requests[-1]
    assert request.format == export_pb2.EXPORT_FORMAT_PDF
    assert list(request.options) == [
        export_pb2.EXPORT_OPTION_MEETING_SUMMARY,
        export_pb2.EXPORT_OPTION_ACTION_ITEMS,
    ]


@pytest.mark.parametrize(
    ("params", "body", "kind", "options"),
    [
        ({"export_format": "csv"}, None, "CSV", []),
        ({}, {"export_format": "txt"}, "TXT", []),
        ({"export_format": "csv"}, {"export_format": "txt"}, "CSV", []),
        ({}, {"export_format": "txt", "include_options": ["words"]}, "TXT", ["WORDS"]),
        (
            {"include_options": "words,confidence"},
            {"export_format": "json", "include_options": ["timestamps"]},
            "JSON",
            ["WORDS", "CONFIDENCE"],
        ),
        ({"export_format": ""}, {"export_format": "txt"}, "TXT", []),
    ],
)
async def test_the_query_takes_precedence_over_the_body(
    client: httpx2.AsyncClient,
    peers: Peers,
    params: dict[str, str],
    body: Any,
    kind: str,
    options: list[str],
) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/export/{number}",
        params=params,
        **({} if body is None else {"json": body}),
    )
    assert answer.status_code == 200, answer.text
    request = peers.exporter.requests[-1]
    assert request.format == export_pb2.ExportFormat.Value(f"EXPORT_FORMAT_{kind}")
    named = [f"EXPORT_OPTION_{option}" for option in options]
    assert [export_pb2.ExportOption.Name(option) for option in request.options] == named


async def test_a_template_is_passed_on(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    body = {"export_format": "txt", "template": "{{ title }}"}
    answer = await client.post(f"/api/transcription/export/{number}", json=body)
    assert answer.status_code == 200, answer.text
    assert peers.exporter.requests[-1].template == "{{ title }}"
    too_long = body | {"template": "x" * 65_537}
    answer = await client.post(f"/api/transcription/export/{number}", json=too_long)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("params", "body", "expected"),
    [
        ({}, {"export_format": "md"}, (0, 0, 0, 0)),
        ({"revision": "3"}, {"export_format": "md", "revision": 2}, (3, 0, 0, 0)),
        ({"export_format": "md", "version": "machine"}, None, (0, 1, 0, 0)),
        (
            {"changes": "tracked"},
            {"export_format": "docx", "revision": 4, "since": 2},
            (4, 0, 1, 2),
        ),
    ],
)
async def test_a_version_and_changes_are_requested(
    client: httpx2.AsyncClient,
    peers: Peers,
    params: dict[str, str],
    body: Any,
    expected: tuple[int, ...],
) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/export/{number}",
        params=params,
        **({} if body is None else {"json": body}),
    )
    assert answer.status_code == 200, answer.text
    request = peers.exporter.requests[-1]
    wanted = (request.revision, request.version, request.changes, request.since_revision)
    assert wanted == expected


@pytest.mark.parametrize(
    ("params", "body", "field"),
    [
        ({"export_format": "md", "revision": "0"}, None, "revision"),
        ({"export_format": "md", "version": "newest"}, None, "version"),
        ({"export_format": "md", "changes": "all"}, None, "changes"),
        ({"export_format": "md", "since": "x"}, None, "since"),
        ({"export_format": "md", "since": "2"}, None, "since"),
        ({}, {"export_format": "md", "revision": "3"}, "revision"),
        ({}, None, "export_format"),
        ({"export_format": "exe"}, None, "export_format"),
        ({}, {"export_format": "exe"}, "export_format"),
        ({"export_format": "zip"}, None, "export_format"),
        ({"export_format": "pdf", "include_options": "everything"}, None, "include_options.0"),
        ({"export_format": "pdf"}, {"include_options": "words"}, "include_options"),
    ],
)
async def test_invalid_exports_name_the_field(
    client: httpx2.AsyncClient, peers: Peers, params: dict[str, str], body: Any, field: str
) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/export/{number}",
        params=params,
        **({} if body is None else {"json": body}),
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["details"]["field"] == field


async def test_errors_use_the_envelope(client: httpx2.AsyncClient, peers: Peers) -> None:
    pending = await upload(client)
    path = "/api/transcription/export"
    early = await client.post(f"{path}/{pending}?export_format=pdf")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "CONFLICT")
    missing = await client.post(f"{path}/999999999?export_format=pdf")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NOT_FOUND")
    done = await complete(client, peers)
    broken = await client.post(f"{path}/{done}?export_format=rttm")
    assert (broken.status_code, broken.json()["error"]["code"]) == (500, "EXPORT_ERROR")


async def test_download_by_link(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/export/{number}"
    query = {"export_format": "pdf", "include_options": "action_items,words"}
    answer = await client.get(path, params=query)
    assert (answer.status_code, answer.content) == (200, b"%first second")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert list(peers.exporter.requests[-1].options) == [
        export_pb2.EXPORT_OPTION_ACTION_ITEMS,
        export_pb2.EXPORT_OPTION_WORDS,
    ]
    missing = await client.get(path)
    assert missing.json()["error"]["details"]["field"] == "export_format"


async def test_head_ends_the_rendering(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/export/{number}?export_format=docx"
    before = peers.exporter.abandoned
    peers.exporter.hold = asyncio.Event()
    try:
        answer = await client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert "content-length" not in answer.headers
        await until(lambda: peers.exporter.abandoned == before + 1)
    finally:
        peers.exporter.hold = None


async def test_concurrent_exports(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/export/{number}?export_format=txt"
    answers = await asyncio.gather(*(client.post(path) for _ in range(5)))
    assert {answer.content for answer in answers} == {b"%first second"}


async def test_turns_of_the_diarizer_are_requested(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/export/{number}"
    wanted = {"export_format": "stm", "turns": "diarizer"}
    for answer in (
        await client.post(path, json=wanted),
        await client.post(path, params=wanted),
        await client.get(path, params=wanted),
    ):
        assert answer.status_code == 200
        assert peers.exporter.requests[-1].turns == export_pb2.EXPORT_TURNS_DIARIZER
    answer = await client.post(path, json={"export_format": "stm", "turns": "words"})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "turns"
