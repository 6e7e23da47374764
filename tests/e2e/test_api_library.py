"""Titles, tags, folders, lists and bulk changes over the JSON API."""

from typing import Any

import pytest

from tests.e2e.contract import Api, upload, wait
from tests.e2e.stack import eventually

pytestmark = pytest.mark.e2e


def listed(api: Api, **parameters: Any) -> list[int]:
    data = api.data("GET", "/transcription/list", params=parameters)
    return [item["id"] for item in data["transcriptions"]]


def title_of(api: Api, number: int) -> tuple[str, str]:
    data = api.data("GET", "/transcription/list", params={"limit": 1000})
    return next(
        (item["title"], item["title_source"])
        for item in data["transcriptions"]
        if item["id"] == number
    )


def test_transcriptions_are_kept_in_order(api: Api, clip: bytes) -> None:
    first, second = (upload(api, clip, language="en")["transcription_id"] for _ in range(2))
    assert wait(api, first)["status"] == "completed"
    eventually(lambda: title_of(api, first)[1] == "suggested")
    tag = api.data("POST", "/tags", 201, json={"name": "Budget", "color": "#3366CC"})
    folder = api.data("POST", "/folders", 201, json={"name": "Clients"})
    changed = api.data(
        "PUT",
        f"/transcription/{first}",
        json={
            "title": "Board meeting",
            "folder_id": folder["folder_id"],
            "tag_ids": [tag["tag_id"]],
            "favorite": True,
        },
    )
    assert changed == {
        "transcription_id": first,
        "title": "Board meeting",
        "title_source": "own",
        "folder_id": folder["folder_id"],
        "favorite": True,
        "tags": [{"tag_id": tag["tag_id"], "name": "Budget", "color": "#3366cc"}],
    }
    for wanted in (
        {"tag_id": tag["tag_id"]},
        {"folder_id": folder["folder_id"]},
        {"favorite": "true"},
        {"language": "en", "sort": "title", "tag_id": [tag["tag_id"]]},
        {"from": "2020-01-01", "folder_id": folder["folder_id"]},
    ):
        assert listed(api, **wanted) == [first]
    assert listed(api, folder_id=0) == [second]
    assert listed(api, to="2020-01-01") == []
    page = api.data("GET", "/transcription/list", params={"limit": 1, "sort": "oldest"})
    assert listed(api, sort="oldest", cursor=page["next_cursor"]) == [second]
    bulk = {"transcription_ids": [first, second, 2**62], "action": "trash"}
    for _ in range(2):
        result = api.data("POST", "/transcriptions/bulk", json=bulk)
        assert (result["succeeded"], result["failed"]) == (2, 1)
        assert result["results"][2]["error"]["code"] == "NOT_FOUND"
    assert listed(api) == []
    trash = api.data("GET", "/trash")
    assert {item["id"] for item in trash["transcriptions"]} == {first, second}
    api.data("POST", "/transcriptions/bulk", json={"filter": {}, "action": "restore"})
    assert listed(api) == [second, first]
    api.data("DELETE", f"/folders/{folder['folder_id']}")
    api.data("DELETE", f"/tags/{tag['tag_id']}")
    assert listed(api, folder_id=0) == [second, first]
    suggested = api.data("POST", f"/transcription/{first}/title/suggest")
    assert suggested["title_source"] == "suggested"
    assert (suggested["folder_id"], suggested["tags"]) == (None, [])
