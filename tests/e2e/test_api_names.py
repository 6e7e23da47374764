"""Names of speakers as edits, over the JSON API with real services."""

import json
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.e2e.contract import EVENTS, Api, unique, upload, wait
from tests.e2e.stack import JOB_SECONDS, Stack, eventually

pytestmark = pytest.mark.e2e


def edited(websocket: ClientConnection) -> dict[str, Any]:
    """Return the next event about a new revision."""
    while True:
        message = json.loads(websocket.recv(JOB_SECONDS))
        if message["type"] == "transcript_edited":
            assert EVENTS["transcript_edited"](message["data"])
            data: dict[str, Any] = message["data"]
            return data


def test_names_are_taken_back_repeated_and_followed(stack: Stack, api: Api, clip: bytes) -> None:
    number = upload(api, clip, language="en")["transcription_id"]
    label = wait(api, number)["speakers"][0]
    path, assign = f"/transcription/{number}", f"/transcription/speakers/assign/{number}"
    name = unique("Ada")

    def shown() -> tuple[str, int]:
        read = api.data("GET", f"{path}/transcript")
        return read["segments"][0]["speaker"], read["revision"]

    def profiles() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.data("POST", "/speakers/search", json={"query": name})
        return found

    cookie = {"Cookie": f"session_token={api.http.cookies['session_token']}"}
    url = f"{stack.base_url.replace('http', 'ws', 1)}/ws"
    with connect(url, additional_headers=cookie, proxy=None, open_timeout=60) as websocket:
        answer = api.http.post(assign, json={label: name})
        revision = answer.json()["data"]["revision"]
        assert answer.headers["etag"] == f'"{revision}"'
        event = edited(websocket)
        assert (event["transcription_id"], event["revision"], event["kind"]) == (
            number, revision, "edit",
        )  # fmt: skip
    assert shown() == (name, revision)
    assert eventually(profiles)

    undone = api.data("POST", f"{path}/undo")
    assert undone["target_revision"] == revision
    assert shown() == (label, undone["revision"])
    # The profile had no other voice, and nobody has changed it.
    eventually(lambda: not profiles())
    api.data("POST", f"{path}/redo")
    (profile,) = eventually(profiles)
    renamed = f"{name} Lovelace"
    api.data("PUT", f"/speakers/{profile['id']}", json={"name": renamed})
    _, newest = eventually(lambda: shown() if shown()[0] == renamed else None)
    history = api.data("GET", f"{path}/revisions")
    latest = history["revisions"][0]
    assert (latest["revision"], latest["kind"], latest["author"]) == (newest, "names", None)
    assert history["undoable_revision"] == revision
    api.refused(
        "POST", assign, 409, "CONFLICT", json={label: "Eve"}, headers={"If-Match": f'"{revision}"'}
    )
    api.data("POST", f"{path}/undo")
    assert shown()[0] == label
