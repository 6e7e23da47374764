"""A recording that is processed again in another language, after people edited its transcript."""

from typing import Any

import pytest

from tests.e2e.contract import Api, upload, wait
from tests.e2e.test_api_transcript import edit, read

pytestmark = pytest.mark.e2e


def test_edits_survive_another_machine_version(api: Api, clip: bytes) -> None:
    number = upload(api, clip, language="en")["transcription_id"]
    assert wait(api, number)["status"] == "completed"
    path = f"/transcription/{number}"
    before = read(api, path)
    segment = before["segments"][0]
    first, last = segment["words"][0], segment["words"][-1]
    edit(
        api,
        path,
        1,
        {"type": "replace_words", "first": first["id"], "last": first["id"], "text": "Zanzibar"},
        {"type": "insert_words", "segment": segment["id"], "after": last["id"], "text": "Quagga"},
        {"type": "add_note", "first": first["id"], "last": first["id"], "text": "An island."},
    )
    edited = read(api, path)
    job = api.data("POST", f"{path}/reprocess", 202, json={"language": "de"})
    assert (job["transcription_id"], job["source"]) == (number, "original")
    assert read(api, path)["segments"] == edited["segments"]
    assert wait(api, number)["status"] == "completed"
    after = read(api, path)
    assert after["newest_revision"] > 3
    assert _texts(after) != _texts(edited)
    listed = api.data("GET", f"{path}/conflicts")
    written = " ".join([*_texts(after), *(item["mine"] for item in listed["conflicts"])])
    assert "Zanzibar" in written
    assert "Quagga" in written
    # The whole recording is in another language now.
    assert listed["open"] >= 1
    for conflict in listed["conflicts"]:
        assert conflict["machine_revision"] == 3
        assert conflict["source_revision"] == 2
        assert conflict["own"]
    history = api.data("GET", f"{path}/revisions")["revisions"]
    assert [item["revision"] for item in history if item["kind"] == "machine"] == [3, 1]
    assert [item["source_revision"] for item in history if item["source_revision"]] == [2]
    assert _texts(read(api, path, revision=2)) == _texts(edited)
    resolved = api.data(
        "POST",
        f"{path}/conflicts/{listed['conflicts'][0]['id']}/resolve",
        json={"use": "machine"},
    )
    assert resolved["conflict"]["resolved"] == "machine"
    api.data("POST", f"{path}/revisions/2/restore")
    assert _texts(read(api, path)) == _texts(edited)


def _texts(transcript: dict[str, Any]) -> list[str]:
    return [segment["text"] for segment in transcript["segments"]]
