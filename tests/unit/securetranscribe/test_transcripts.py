"""Calls about transcripts against a scripted transport."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from securetranscribe import SecureTranscribeClient
from tests.unit.securetranscribe.test_client import client_on, success

Call = Callable[[SecureTranscribeClient], Any]


def sent(call: Call) -> httpx2.Request:
    """Return the request of a call."""
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return success({"revision": 3})

    with client_on(handler, "mine") as client:
        assert call(client) == {"revision": 3}
    (request,) = seen
    assert request.headers["authorization"] == "Bearer mine"
    return request


def test_page_is_read_with_words_and_times() -> None:
    request = sent(lambda client: client.read_transcript(7, start=1.5, end=9, revision=2))
    assert (request.method, request.url.path) == ("GET", "/api/transcription/7/transcript")
    assert dict(request.url.params) == {
        "words": "true",
        "from": "1.5",
        "to": "9",
        "revision": "2",
        "limit": "200",
        "offset": "0",
    }


def test_edit_names_the_revision_that_was_seen() -> None:
    operation = {"type": "delete_words", "first": "1.1", "last": "1.2"}
    request = sent(
        lambda client: client.edit_transcript(7, [operation], revision=2, request_id="key")
    )
    assert request.url.path == "/api/transcription/7/edits"
    assert request.headers["if-match"] == '"2"'
    assert json.loads(request.read()) == {"operations": [operation], "request_id": "key"}


def test_recording_is_processed_again_with_the_given_options() -> None:
    request = sent(lambda client: client.reprocess_transcript(7, language="de", channels=None))
    assert (request.method, request.url.path) == ("POST", "/api/transcription/7/reprocess")
    assert json.loads(request.read()) == {"language": "de"}


def test_conflict_is_resolved_with_a_place() -> None:
    request = sent(lambda client: client.resolve_conflict(7, 5, "mine", after="4.1"))
    assert request.url.path == "/api/transcription/7/conflicts/5/resolve"
    assert json.loads(request.read()) == {"use": "mine", "after": "4.1"}


def test_all_pages_of_conflicts_are_read() -> None:
    asked: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/transcription/7/conflicts"
        assert request.url.params["open_only"] == "true"
        offset = int(request.url.params["offset"])
        asked.append(request.url.params["offset"])
        return success({"conflicts": [{"id": offset + 1}], "total": 1001})

    with client_on(handler, "mine") as client:
        found = list(client.list_conflicts(7, open_only=True))
    assert [item["id"] for item in found] == [1, 1001]
    assert asked == ["0", "1000"]


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (lambda client: client.undo_edits(7), "POST", "/transcription/7/undo"),
        (lambda client: client.redo_edits(7), "POST", "/transcription/7/redo"),
        (lambda client: client.list_revisions(7), "GET", "/transcription/7/revisions"),
        (
            lambda client: client.restore_revision(7, 2),
            "POST",
            "/transcription/7/revisions/2/restore",
        ),
        (
            lambda client: client.undo_replacement("replace_1"),
            "POST",
            "/transcripts/replace/replace_1/undo",
        ),
    ],
)
def test_calls_without_fields(call: Call, method: str, path: str) -> None:
    request = sent(call)
    assert (request.method, request.url.path) == (method, f"/api{path}")


def test_replacement_sends_its_options() -> None:
    request = sent(
        lambda client: client.replace_text([1, 2], "a", "b", whole_words=True, request_id="key")
    )
    assert json.loads(request.read()) == {
        "transcription_ids": [1, 2],
        "query": "a",
        "replacement": "b",
        "match_case": False,
        "whole_words": True,
        "regular_expression": False,
        "preview": False,
        "request_id": "key",
    }


def test_all_pages_of_a_comparison_are_of_the_same_revisions() -> None:
    seen: list[dict[str, str]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(dict(request.url.params))
        number = len(seen)
        return success(
            {
                "differences": [{"revision": number}],
                "from_revision": 2,
                "to_revision": 5,
                "next_cursor": "next" if number == 1 else None,
            }
        )

    with client_on(handler, "mine") as client:
        found = list(client.compare_revisions(7, 2))
    assert found == [{"revision": 1}, {"revision": 2}]
    assert seen == [
        {"limit": "1000", "from": "2"},
        {"limit": "1000", "from": "2", "to": "5", "cursor": "next"},
    ]


def test_export_sends_the_version_and_changes() -> None:
    seen: list[dict[str, str]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(dict(request.url.params))
        return httpx2.Response(200, content=b"document")

    with client_on(handler, "mine") as client:
        assert client.export_transcription(7, "md", revision=4, changes="tracked", since=2)
        client.export_transcription(7, "txt", version="machine")
    assert seen == [
        {"export_format": "md", "revision": "4", "changes": "tracked", "since": "2"},
        {"export_format": "txt", "version": "machine"},
    ]
