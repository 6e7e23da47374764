"""Requests with names that an endpoint does not know are refused, and nothing is done."""

import json
from typing import Any

import httpx2
import pytest

from tests.integration.gateway.conftest import Running
from tests.integration.gateway.peers import Peers

UPLOAD = "/api/transcription/upload"
WAV = b"RIFF and some sound"
FILE: dict[str, Any] = {"files": {"file": ("a.wav", WAV)}}


def refusal(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    return error


async def test_every_endpoint_refuses_unknown_query_parameters(running: Running) -> None:
    async with running.client() as client:
        document = (await client.get("/openapi.json")).json()
        for path, operations in document["paths"].items():
            if not path.startswith("/api/") or path.endswith("/callback"):
                continue
            for method in operations:
                place = path.replace("{transcription_id}", "1").replace("{speaker_id}", "1")
                answer = await client.request(method, f"{place}?limmit=1")
                if answer.status_code in (401, 403, 412):
                    continue
                assert "limmit" in refusal(answer)["message"], f"{method} {path}"


async def test_nearest_name_is_told(client: httpx2.AsyncClient) -> None:
    error = refusal(await client.get("/api/queue/jobs?statusFilter=queued"))
    assert error["details"] == {"field": "statusFilter", "nearest": "status_filter"}
    assert error["message"].endswith("Did you mean status_filter?")


async def test_form_field_in_the_query_is_told_where_it_belongs(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    before = len(peers.transcriber.uploads)
    error = refusal(await client.post(f"{UPLOAD}?auto_start=false", **FILE))
    assert error["message"] == (
        "There is no query parameter auto_start. Send it as a field of the body."
    )
    error = refusal(await client.post(UPLOAD, **FILE, data={"auto_strat": "false"}))
    assert error["details"] == {"field": "auto_strat", "nearest": "auto_start"}
    assert len(peers.transcriber.uploads) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "details"),
    [
        ("POST", "/api/transcription/start/1", {"languge": "en"},
         {"field": "languge", "nearest": "language"}),
        ("POST", "/api/transcription/1/reprocess", {"stage": []},
         {"field": "stage", "nearest": "stages"}),
        ("POST", "/api/captures", {"media_type": "audio/webm", "diarise": False},
         {"field": "diarise", "nearest": "diarize"}),
        ("POST", "/api/speakers", {"name": "Ann", "tint": "red"}, {"field": "tint"}),
        ("PUT", "/api/sessions/current", {"preference": {}},
         {"field": "preference", "nearest": "preferences"}),
        ("POST", "/api/transcription/1/trash", {"permanent": True}, {"field": "permanent"}),
    ],
)  # fmt: skip
async def test_unknown_fields_of_bodies_are_named(
    client: httpx2.AsyncClient, method: str, path: str, body: Any, details: dict[str, str]
) -> None:
    assert refusal(await client.request(method, path, json=body))["details"] == details


async def test_nested_fields_have_their_place(client: httpx2.AsyncClient) -> None:
    body = {"operations": [{"type": "delete_words", "first": "1.1", "last": "1.2", "lst": 1}]}
    error = refusal(
        await client.post("/api/transcription/1/edits", json=body, headers={"If-Match": '"1"'})
    )
    assert error["details"]["field"].endswith(".lst")
    assert error["details"]["nearest"] == "last"


async def test_field_that_belongs_in_the_query_is_told(client: httpx2.AsyncClient) -> None:
    error = refusal(await client.request("DELETE", "/api/speakers/1", json={"permanent": True}))
    assert error["message"] == "There is no field permanent. Send it in the query."


async def test_preferences_and_names_are_free(client: httpx2.AsyncClient) -> None:
    body = {"preferences": {"theme": "dark"}}
    answer = await client.put("/api/sessions/current", json=body)
    assert answer.json()["data"]["preferences"] == {"theme": "dark"}
    assert (await client.post("/api/sessions/create", json={})).status_code == 201


async def test_openai_paths_take_what_clients_send(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/models?limmit=1")).status_code == 200


async def test_document_forbids_unknown_fields(client: httpx2.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["StartBody"]["additionalProperties"] is False
    assert json.dumps(schemas["PreferencesBody"]["additionalProperties"]) == "true"
