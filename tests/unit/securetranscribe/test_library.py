"""Calls about order among transcriptions against a scripted transport."""

import json
from typing import Any

import httpx2
import pytest

from tests.unit.securetranscribe.test_client import client_on, success
from tests.unit.securetranscribe.test_transcripts import Call, sent


def test_all_pages_are_found() -> None:
    seen: list[dict[str, Any]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(dict(request.url.params))
        number = len(seen)
        return success(
            {
                "transcriptions": [{"id": number}],
                "next_cursor": "behind" if number == 1 else None,
            }
        )

    with client_on(handler, "mine") as client:
        found = client.find_transcriptions(sort="title", favorite=True, since="2026-01-01")
        assert [item["id"] for item in found] == [1, 2]
    first = {"sort": "title", "limit": "200", "favorite": "true", "from": "2026-01-01"}
    assert seen == [first, {**first, "cursor": "behind"}]


def test_only_given_properties_are_sent() -> None:
    request = sent(lambda client: client.update_transcription(7, favorite=False, tag_ids=[]))
    assert (request.method, request.url.path) == ("PUT", "/api/transcription/7")
    assert json.loads(request.read()) == {"favorite": False, "tag_ids": []}


def test_bulk_change_names_ids_or_a_filter() -> None:
    request = sent(lambda client: client.change_transcriptions("tag", [1, 2], tag_id=3))
    assert json.loads(request.read()) == {
        "action": "tag", "transcription_ids": [1, 2], "tag_id": 3,
    }  # fmt: skip
    request = sent(lambda client: client.change_transcriptions("trash", filter={}))
    assert json.loads(request.read()) == {"action": "trash", "filter": {}}


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda client: client.suggest_title(7), "POST", "/transcription/7/title/suggest", None),
        (lambda client: client.trash_transcription(7), "POST", "/transcription/7/trash", None),
        (lambda client: client.restore_transcription(7), "POST", "/transcription/7/restore", None),
        (lambda client: client.list_trash(), "GET", "/trash", None),
        (lambda client: client.create_tag("A"), "POST", "/tags", {"name": "A", "color": ""}),
        (lambda client: client.update_tag(3, color=""), "PUT", "/tags/3", {"color": ""}),
        (
            lambda client: client.create_folder("A", parent_id=2),
            "POST", "/folders", {"name": "A", "parent_id": 2},
        ),
        (
            lambda client: client.update_folder(3, parent_id=0),
            "PUT", "/folders/3", {"parent_id": 0},
        ),
    ],
)  # fmt: skip
def test_calls_have_their_paths(call: Call, method: str, path: str, body: Any) -> None:
    request = sent(call)
    assert (request.method, request.url.path) == (method, f"/api{path}")
    content = request.read()
    assert (json.loads(content) if content else None) == body
