"""Speaker profiles over REST."""

import uuid
from typing import Any

import httpx2
import pytest

from common.postgres import Database

FIELDS = {
    "id", "name", "display_name", "gender", "age_range", "language", "accent", "confidence_score",
    "confidence_level", "is_verified", "is_active", "sample_count", "has_voice_data", "created_at",
    "updated_at", "description",
}  # fmt: skip


def unique() -> str:
    return f"John {uuid.uuid4().hex[:12]}"


async def create(client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {
        "name": unique(), "gender": "male", "age_range": "adult", "language": "en",
        "accent": "american", "description": "Regular meeting participant",
    }  # fmt: skip
    answer = await client.post("/api/speakers", json=body | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]  # type: ignore[no-any-return]


async def test_creating(client: httpx2.AsyncClient) -> None:
    name = unique()
    data = await create(client, name=f"  {name} ")
    assert data.keys() == FIELDS
    assert (data["name"], data["display_name"]) == (name, name)
    assert (data["confidence_score"], data["confidence_level"]) == (0.0, "very_low")
    assert (data["is_verified"], data["is_active"]) == (False, True)
    assert (data["sample_count"], data["has_voice_data"]) == (0, False)
    taken = await client.post("/api/speakers", json={"name": name.upper()})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "x" * 256}, "name"),
        ({"name": None}, "name"), ({"name": 3}, "name"), ({"name": "a\u0000"}, "name"),
        ({"gender": "x" * 33}, "gender"), ({"accent": "x" * 65}, "accent"),
        ({"language": "english"}, "language"), ({"description": "x" * 2001}, "description"),
    ],
)  # fmt: skip
async def test_wrong_profiles_name_the_field(
    client: httpx2.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    answer = await client.post("/api/speakers", json={"name": unique()} | changes)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == field


async def test_a_name_is_required(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/speakers", json={"gender": "male"})
    assert answer.json()["error"]["details"]["field"] == "name"


async def test_listing_in_pages(client: httpx2.AsyncClient, database: Database) -> None:
    first = await create(client)
    answer = (await client.get("/api/speakers", params={"per_page": 1})).json()
    assert answer["pagination"].keys() == {
        "page", "per_page", "total", "pages", "has_next", "has_prev",
    }  # fmt: skip
    total = answer["pagination"]["total"]
    assert len(answer["data"]) == 1
    assert answer["data"][0].keys() == FIELDS
    last = (await client.get("/api/speakers", params={"per_page": 1, "page": total})).json()
    assert last["data"][0]["id"] == first["id"]
    assert (last["pagination"]["has_next"], last["pagination"]["page"]) == (False, total)


async def test_filters(client: httpx2.AsyncClient) -> None:
    gone, verified = await create(client), await create(client)
    await client.delete(f"/api/speakers/{gone['id']}")
    await client.put(f"/api/speakers/{verified['id']}", json={"is_verified": True})

    async def ids(**params: str) -> set[int]:
        answer = await client.get("/api/speakers", params={"per_page": 200, **params})
        return {speaker["id"] for speaker in answer.json()["data"]}

    assert gone["id"] not in await ids()
    assert gone["id"] in await ids(active_only="false")
    assert verified["id"] in await ids(verified_only="true")
    assert gone["id"] not in await ids(verified_only="true", active_only="false")


async def test_updating(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    name = f"{made['name']} Jr."
    answer = await client.put(
        f"/api/speakers/{made['id']}",
        json={"name": name, "is_verified": True, "description": "Updated", "gender": None},
    )
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["display_name"], data["is_verified"]) == (name, name, True)
    assert (data["description"], data["gender"], data["accent"]) == ("Updated", None, "american")
    other = await create(client)
    taken = await client.put(f"/api/speakers/{other['id']}", json={"name": name})
    assert taken.status_code == 409


async def test_statistics(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    answer = await client.get(f"/api/speakers/{made['id']}/statistics")
    assert answer.json()["data"] == {
        "speaker_info": {
            "id": made["id"],
            "name": made["name"],
            "display_name": made["display_name"],
        },
        "total_transcriptions": 15,
        "total_audio_duration": 1800.5,
        "average_confidence": 0.92,
        "confidence_distribution": {"high": 10, "medium": 4, "low": 1, "very_low": 0},
        "voice_data_quality": {
            "has_voice_embedding": False,
            "has_mfcc_features": False,
            "sample_count": 0,
            "is_reliable": False,
        },
    }


async def test_searching(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    answer = await client.post(
        "/api/speakers/search", json={"query": made["name"].lower(), "active_only": True}
    )
    assert answer.status_code == 200
    assert [speaker["id"] for speaker in answer.json()["data"]] == [made["id"]]
    for body in ({}, {"query": ""}, {"query": "x" * 256}, {"query": "x", "active_only": "yes"}):
        assert (await client.post("/api/speakers/search", json=body)).status_code == 400


async def test_deactivating_and_deleting(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    path = f"/api/speakers/{made['id']}"
    assert (await client.delete(path)).json()["data"] == {
        "message": "Speaker deactivated successfully",
        "speaker_id": made["id"],
        "permanent": False,
    }
    twice = await client.delete(path)
    assert (twice.status_code, twice.json()["error"]["code"]) == (400, "SPEAKER_ERROR")
    gone = await client.delete(path, params={"permanent": "true"})
    assert gone.json()["data"]["message"] == "Speaker deleted successfully"
    assert (await client.get(f"{path}/statistics")).status_code == 404
