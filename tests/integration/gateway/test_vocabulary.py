"""Endpoints for vocabularies."""

import httpx2

from tests.integration.gateway.fake_vocabulary import SUGGESTION
from tests.integration.gateway.peers import Peers

_CREATED = "2023-11-14T22:13:20Z"


async def test_terms(client: httpx2.AsyncClient) -> None:
    added = await client.post("/api/vocabulary/terms", json={"text": "Kubernetes"})
    assert added.status_code == 201
    term = {
        "term_id": added.json()["data"]["term_id"],
        "text": "Kubernetes",
        "language": None,
        "transcript_count": 0,
        "created_at": _CREATED,
    }
    assert added.json()["data"] == term
    path = f"/api/vocabulary/terms/{term['term_id']}"
    changed = await client.put(path, json={"text": "kubectl", "language": "en-US"})
    assert changed.json()["data"] == {**term, "text": "kubectl", "language": "en"}
    listed = (await client.get("/api/vocabulary/terms?limit=5")).json()["data"]
    assert listed == {"terms": [changed.json()["data"]], "total": 1, "limit": 5, "offset": 0}
    assert (await client.delete(path)).json()["data"] == {"term_id": term["term_id"]}
    assert (await client.delete(path)).status_code == 404


async def test_corrections(client: httpx2.AsyncClient) -> None:
    body = {"heard": "cooper netties", "meant": "Kubernetes"}
    added = await client.post("/api/vocabulary/corrections", json=body)
    assert added.status_code == 201
    data = added.json()["data"]
    assert data == {
        "correction_id": data["correction_id"],
        **body,
        "language": None,
        "match_case": False,
        "use_count": 0,
        "created_at": _CREATED,
    }
    path = f"/api/vocabulary/corrections/{data['correction_id']}"
    changed = await client.put(path, json={**body, "match_case": True})
    assert changed.json()["data"]["match_case"] is True
    listed = (await client.get("/api/vocabulary/corrections")).json()["data"]
    assert (listed["corrections"], listed["total"]) == ([changed.json()["data"]], 1)
    assert (await client.delete(path)).status_code == 200
    assert (await client.put(path, json=body)).status_code == 404


async def test_invalid_entries_name_their_field(client: httpx2.AsyncClient) -> None:
    for path, body, field in (
        ("terms", {"text": ""}, "text"),
        ("terms", {"text": "a", "language": "klingon"}, "language"),
        ("corrections", {"heard": "a"}, "meant"),
        ("corrections", {"heard": "x" * 101, "meant": "a"}, "heard"),
        ("import", {"csv": 5}, "csv"),
    ):
        answer = await client.post(f"/api/vocabulary/{path}", json=body)
        assert answer.status_code == 400, (path, body)
        assert answer.json()["error"]["details"]["field"] == field


async def test_tables(client: httpx2.AsyncClient, peers: Peers) -> None:
    table = "type,heard,meant\nterm,,Kubernetes\n"
    added = await client.post("/api/vocabulary/import", json={"csv": table})
    assert added.json()["data"] == {"added_terms": 2, "added_corrections": 1, "skipped": 3}
    assert peers.vocabulary.requests[-1].csv == table
    exported = await client.get("/api/vocabulary/export")
    assert exported.text == "type,heard,meant\r\n"
    assert exported.headers["content-type"].startswith("text/csv")
    assert "vocabulary.csv" in exported.headers["content-disposition"]


async def test_suggestions(client: httpx2.AsyncClient, peers: Peers) -> None:
    listed = (await client.get("/api/vocabulary/suggestions")).json()["data"]
    assert listed["suggestions"] == [
        {
            "suggestion_id": SUGGESTION,
            "heard": "Smyth",
            "meant": "Smith",
            "count": 2,
            "transcription_ids": [7],
        }
    ]
    path = f"/api/vocabulary/suggestions/{SUGGESTION}"
    accepted = await client.post(f"{path}/accept")
    assert (accepted.status_code, accepted.json()["data"]["meant"]) == (201, "Smith")
    dismissed = await client.post(f"{path}/dismiss")
    assert dismissed.json()["data"] == {"suggestion_id": SUGGESTION}
    assert [request.suggestion_id for request in peers.vocabulary.requests[-2:]] == [SUGGESTION] * 2
    assert (await client.post("/api/vocabulary/suggestions/other/accept")).status_code == 400


async def test_transcripts(client: httpx2.AsyncClient, peers: Peers) -> None:
    applied = await client.post("/api/transcription/7/vocabulary")
    assert applied.json()["data"] == {"transcription_id": 7, "revision": 2, "count": 5}
    assert applied.headers["etag"] == '"2"'
    undone = await client.post("/api/transcription/7/vocabulary/undo")
    assert undone.json()["data"] == {"transcription_id": 7, "revision": 3, "target_revision": 2}
    assert [request.transcription_id for request in peers.vocabulary.requests[-2:]] == [7, 7]
