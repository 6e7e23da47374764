"""Summary endpoint."""

import httpx2

from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload


async def test_a_summary_names_what_it_cites(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.get(f"/api/transcription/{number}/summary")
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"3"'
    source = {"segment": "1.4", "start": 12.5}
    assert answer.json()["data"] == {
        "transcription_id": number,
        "revision": 3,
        "method": "extractive",
        "coverage": 1.0,
        "statements": [
            {
                "text": "We ship.",
                "speaker": "Ada",
                "speaker_label": "Speaker_1",
                "sources": [source],
            }
        ],
        "action_items": [{"text": "Ship it", "owner": None, "due": None, "source": source}],
        "warnings": ["Short."],
    }


async def test_an_earlier_revision_is_summarized(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.get(f"/api/transcription/{number}/summary", params={"revision": 2})
    assert answer.json()["data"]["revision"] == 2
    refused = await client.get(f"/api/transcription/{number}/summary", params={"revision": 0})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"]["field"] == "revision"


async def test_an_incomplete_transcript_is_not_summarized(client: httpx2.AsyncClient) -> None:
    number = await upload(client)
    answer = await client.get(f"/api/transcription/{number}/summary")
    assert answer.status_code == 409
