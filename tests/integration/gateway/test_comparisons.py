"""Comparison of revisions over the JSON API."""

import httpx2
import pytest

from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete


async def test_revisions_are_compared(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/{number}/revisions/compare"
    answer = await client.get(path, params={"from": 1, "to": 1, "cursor": "2:1"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {
        "transcription_id": number,
        "from_revision": 1,
        "to_revision": 1,
        "differences": [],
        "speakers": [],
        "notes": [],
        "next_cursor": None,
    }
    missing = await client.get("/api/transcription/999999999/revisions/compare")
    assert missing.status_code == 404


@pytest.mark.parametrize("parameters", [{"from": "0"}, {"to": "x"}, {"limit": "1001"}])
async def test_invalid_parameters_are_refused(
    client: httpx2.AsyncClient, parameters: dict[str, str]
) -> None:
    answer = await client.get("/api/transcription/1/revisions/compare", params=parameters)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == next(iter(parameters))
