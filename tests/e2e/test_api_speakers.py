"""The documented JSON API of speakers, field by field."""

import io
import time
from typing import Any

import pytest

from common.audio.probe import probe
from tests.e2e.contract import PAGINATION, SPEAKER, SPEAKER_STATISTICS, Api, many, unique
from tests.e2e.stack import JOB_SECONDS, Completed

pytestmark = pytest.mark.e2e


def create(api: Api, **changes: Any) -> Any:
    body = {
        "name": unique("John Doe"),
        "gender": "male",
        "age_range": "adult",
        "language": "en",
        "accent": "american",
        "description": "Regular meeting participant",
    }
    return api.data("POST", "/speakers", 201, json=body | changes)


def test_create(api: Api) -> None:
    data = create(api)
    assert SPEAKER(data)
    assert data["display_name"] == data["name"]
    assert (data["gender"], data["age_range"], data["accent"]) == ("male", "adult", "american")
    assert (data["confidence_score"], data["confidence_level"]) == (0.0, "very_low")
    assert (data["is_verified"], data["is_active"], data["has_voice_data"]) == (
        False, True, False,
    )  # fmt: skip
    taken = {"name": f" {data['name'].upper()} "}
    api.refused("POST", "/speakers", 409, "CONFLICT", json=taken)


def test_list(api: Api) -> None:
    made = create(api)
    body = api.call("GET", "/speakers", params={"page": 1, "per_page": 200})
    assert many(SPEAKER)(body["data"])
    assert PAGINATION(body["pagination"])
    assert made["id"] in [one["id"] for one in body["data"]]
    verified = api.call("GET", "/speakers", params={"verified_only": True, "per_page": 200})
    assert made["id"] not in [one["id"] for one in verified["data"]]


def test_update(api: Api) -> None:
    made = create(api)
    body = {"name": f"{made['name']} Jr.", "is_verified": True, "description": "Updated"}
    data = api.data("PUT", f"/speakers/{made['id']}", json=body)
    assert SPEAKER(data)
    assert (data["name"], data["display_name"]) == (body["name"], body["name"])
    assert (data["is_verified"], data["description"]) == (True, "Updated")
    assert data["gender"] == "male"


def test_statistics(api: Api) -> None:
    made = create(api)
    data = api.data("GET", f"/speakers/{made['id']}/statistics")
    assert SPEAKER_STATISTICS(data)
    assert data["speaker_info"]["id"] == made["id"]
    assert (data["total_transcriptions"], data["total_audio_duration"]) == (0, 0.0)


def test_search(api: Api) -> None:
    made = create(api)
    body = {"query": made["name"], "active_only": True}
    found = api.data("POST", "/speakers/search", json=body)
    assert many(SPEAKER)(found)
    assert made["id"] in [one["id"] for one in found]
    api.refused("POST", "/speakers/search", 400, "VALIDATION_ERROR", json={})


def test_delete(api: Api) -> None:
    made = create(api)
    path = f"/speakers/{made['id']}"
    assert api.data("DELETE", path) == {
        "message": "Speaker deactivated successfully",
        "speaker_id": made["id"],
        "permanent": False,
    }
    api.refused("DELETE", path, 400, "SPEAKER_ERROR")
    gone = api.data("DELETE", path, params={"permanent": True})
    assert (gone["permanent"], gone["message"]) == (True, "Speaker deleted successfully")
    api.refused("GET", f"{path}/statistics", 404, "NOT_FOUND")


def test_clips_are_played_in_parts(done: Api, completed: Completed) -> None:
    """A player asks for two bytes, then for the rest, and plays both together."""
    path = f"/transcription/speakers/{completed.transcription_id}/Speaker_1/clip"
    deadline = time.monotonic() + JOB_SECONDS
    # Clips are cut after the transcript is complete.
    while (first := done.http.get(path, headers={"Range": "bytes=0-1"})).status_code == 404:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert first.status_code == 206
    size = int(first.headers["content-range"].removeprefix("bytes 0-1/"))
    told = done.http.head(path)
    assert (told.status_code, told.headers["content-length"]) == (200, str(size))
    assert told.headers["accept-ranges"] == "bytes"
    tag = {"If-Range": first.headers["etag"]}
    rest = done.http.get(path, headers={"Range": "bytes=2-", **tag})
    assert rest.status_code == 206
    info = probe(io.BytesIO(first.content + rest.content))
    assert info.codec == "flac"
    assert info.duration > 1
    details = done.refused(
        "GET", path, 416, "RANGE_NOT_SATISFIABLE", headers={"Range": f"bytes={size}-"}
    )
    assert details == {"size": str(size)}
