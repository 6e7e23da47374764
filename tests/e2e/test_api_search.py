"""Search over the JSON API, over gRPC, and by meaning with the real model."""

import time
from typing import Any

import grpc
import pytest

from securetranscribe.v1 import search_pb2, search_pb2_grpc
from tests.e2e.contract import Api, upload, wait
from tests.e2e.stack import JOB_SECONDS, Stack, eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def transcript(api: Api, clip: bytes) -> int:
    """Transcribe a recording, whose first words a person then writes."""
    number: int = upload(api, clip, language="en")["transcription_id"]
    assert wait(api, number)["status"] == "completed"
    path = f"/transcription/{number}"
    segment = api.data("GET", f"{path}/transcript", params={"words": "true"})["segments"][0]
    operation = {
        "type": "insert_words",
        "segment": segment["id"],
        "after": None,
        "text": "The board approves the budget of Obermeyer in December.",
    }
    api.data(
        "POST",
        f"{path}/edits",
        headers={"If-Match": '"1"'},
        json={"operations": [operation]},
    )
    return number


def search(api: Api, query: str, **parameters: Any) -> dict[str, Any]:
    data: dict[str, Any] = api.data("GET", "/search", params={"q": query, **parameters})
    return data


def complete(api: Api) -> dict[str, Any]:
    """Wait until everything is indexed."""
    ends = time.monotonic() + JOB_SECONDS
    while True:
        found = search(api, "anything")
        if {found["text"]["state"], found["semantic"]["state"]} == {"complete"}:
            return found
        assert time.monotonic() < ends, found
        time.sleep(0.2)


def test_words_and_meanings_are_found(api: Api, transcript: int, stack: Stack) -> None:
    state = complete(api)
    assert state["text"]["indexed"] == state["text"]["total"] == 1
    assert state["semantic"]["indexed"] == state["semantic"]["total"] > 0

    hit = search(api, "obermeier budgets")["hits"][0]
    assert (hit["transcription_id"], hit["kind"]) == (transcript, "segment")
    marked = {hit["text"][mark["start"] : mark["end"]] for mark in hit["marks"]}
    assert marked == {"budget", "Obermeyer"}
    assert hit["start_time"] is not None
    assert "text" in hit["found_by"]

    # A question that the embedder does not answer within a second is searched for by text only.
    german = eventually(lambda: search(api, "Wann beschließt der Vorstand den Haushalt?")["hits"])
    assert (german[0]["segment_id"], german[0]["found_by"]) == (hit["segment_id"], ["meaning"])

    assert search(api, "budget -december")["hits"] == []
    assert search(api, "budget", transcription_id=transcript, language="en")["hits"]
    assert search(api, "budget", language="de")["hits"] == []
    assert search(api, "budget", to="2020-01-01")["hits"] == []
    api.refused("GET", "/search", 400, "VALIDATION_ERROR", params={"q": "?!"})
    api.refused("GET", "/search", 404, "NOT_FOUND", params={"q": "a", "transcription_id": 2**60})

    with grpc.insecure_channel(stack.services.address("transcriber-api")) as channel:
        stub = search_pb2_grpc.SearchServiceStub(channel)

        def answer() -> Any:
            return stub.Search(
                search_pb2.SearchRequest(query="obermeyer"),
                metadata=(("authorization", f"Bearer {api.http.cookies['session_token']}"),),
                timeout=60,
            )

        assert answer().hits[0].segment_id == hit["segment_id"]
        eventually(lambda: answer().semantic.state == search_pb2.SEARCH_INDEX_STATE_COMPLETE)


def test_deleted_transcripts_are_not_found(api: Api, transcript: int) -> None:
    assert search(api, "obermeyer")["hits"]
    api.data("DELETE", f"/transcription/{transcript}")
    found = search(api, "obermeyer")
    assert (found["hits"], found["text"]["total"]) == ([], 0)
