"""Calls about vocabularies against a scripted transport."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from securetranscribe import SecureTranscribeClient
from tests.unit.securetranscribe.test_client import client_on, success

Call = Callable[[SecureTranscribeClient], Any]
_TERM = {"text": "Kubernetes", "language": "en"}
_RULE = {"heard": "Smyth", "meant": "Smith", "language": "", "match_case": True}
_ID = "0" * 32


def sent(call: Call, data: Any, answer: Any) -> tuple[str, str, Any]:
    """Return method, path and body of a call that returns `answer` for the `data` of a response."""
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return success(data)

    with client_on(handler, "mine") as client:
        assert call(client) == answer
    (request,) = seen
    body = request.read()
    return request.method, request.url.path, json.loads(body) if body else None


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda c: c.list_terms(), ("GET", "/api/vocabulary/terms", None)),
        (
            lambda c: c.add_term("Kubernetes", language="en"),
            ("POST", "/api/vocabulary/terms", _TERM),
        ),
        (lambda c: c.list_corrections(), ("GET", "/api/vocabulary/corrections", None)),
        (
            lambda c: c.add_correction("Smyth", "Smith", match_case=True),
            ("POST", "/api/vocabulary/corrections", _RULE),
        ),
        (
            lambda c: c.import_vocabulary("type\n"),
            ("POST", "/api/vocabulary/import", {"csv": "type\n"}),
        ),
        (
            lambda c: c.accept_vocabulary_suggestion(_ID),
            ("POST", f"/api/vocabulary/suggestions/{_ID}/accept", None),
        ),
        (lambda c: c.apply_vocabulary(7), ("POST", "/api/transcription/7/vocabulary", None)),
        (lambda c: c.undo_vocabulary(7), ("POST", "/api/transcription/7/vocabulary/undo", None)),
    ],
)
def test_data_are_returned(call: Call, expected: tuple[str, str, Any]) -> None:
    assert sent(call, {"revision": 3}, {"revision": 3}) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda c: c.delete_term(5), ("DELETE", "/api/vocabulary/terms/5", None)),
        (lambda c: c.delete_correction(5), ("DELETE", "/api/vocabulary/corrections/5", None)),
        (
            lambda c: c.dismiss_vocabulary_suggestion(_ID),
            ("POST", f"/api/vocabulary/suggestions/{_ID}/dismiss", None),
        ),
    ],
)
def test_removals_return_nothing(call: Call, expected: tuple[str, str, Any]) -> None:
    assert sent(call, {}, None) == expected


def test_suggestions_are_a_list() -> None:
    found = [{"suggestion_id": _ID}]
    call: Call = lambda client: client.list_vocabulary_suggestions()  # noqa: E731
    expected = ("GET", "/api/vocabulary/suggestions", None)
    assert sent(call, {"suggestions": found}, found) == expected


def test_table_is_text() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/vocabulary/export"
        return httpx2.Response(200, text="type,heard,meant\r\n")

    with client_on(handler, "mine") as client:
        assert client.export_vocabulary() == "type,heard,meant\r\n"
