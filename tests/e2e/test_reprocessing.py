"""A recording that is processed again after people edited its transcript."""

from typing import Any

import pytest

from tests.e2e.contract import Api, upload, wait
from tests.e2e.test_api_transcript import edit, read

pytestmark = pytest.mark.e2e


def test_edits_survive_other_machine_versions(api: Api, clip: bytes) -> None:
    number = upload(api, clip, language="en")["transcription_id"]
    assert wait(api, number)["status"] == "completed"
    path = f"/transcription/{number}"
    segment = read(api, path)["segments"][0]
    words = segment["words"]
    first, last = words[0], words[-1]
    edit(
        api,
        path,
        1,
        {"type": "replace_words", "first": first["id"], "last": first["id"], "text": "Zanzibar"},
        {"type": "replace_words", "first": words[3]["id"], "last": words[-2]["id"], "text": "Emu"},
        {"type": "insert_words", "segment": segment["id"], "after": last["id"], "text": "Quagga"},
        {"type": "add_note", "first": first["id"], "last": first["id"], "text": "An island."},
    )
    edited = read(api, path)

    job = api.data("POST", f"{path}/reprocess", 202)
    assert (job["transcription_id"], job["source"]) == (number, "original")
    assert read(api, path)["segments"] == edited["segments"]
    assert wait(api, number)["status"] == "completed"
    again = read(api, path)
    assert _texts(again) == _texts(edited)
    assert [note["text"] for note in again["notes"]] == ["An island."]
    assert api.data("GET", f"{path}/conflicts")["total"] == 0

    # In another language, some of the words in between are others.
    api.data("POST", f"{path}/reprocess", 202, json={"language": "de"})
    assert wait(api, number)["status"] == "completed"
    other = read(api, path)
    assert _texts(other) != _texts(edited)
    listed = api.data("GET", f"{path}/conflicts")
    assert listed["open"] >= 1
    kept = " ".join([*_texts(other), *(item["mine"] for item in listed["conflicts"])])
    assert "Zanzibar" in kept
    assert "Quagga" in kept
    history = api.data("GET", f"{path}/revisions")["revisions"]
    # Times of edited words are measured after 20 s, which makes a revision in between.
    third, second, first = (item["revision"] for item in history if item["kind"] == "machine")
    assert first == 1
    assert again["revision"] == second + 1
    sources = {item["revision"]: item["source_revision"] for item in history}
    assert sources[second + 1] == second - 1
    for conflict in listed["conflicts"]:
        assert (conflict["machine_revision"], conflict["source_revision"]) == (third, third - 1)
        assert conflict["own"]
    resolved = api.data(
        "POST",
        f"{path}/conflicts/{listed['conflicts'][0]['id']}/resolve",
        json={"use": "machine"},
    )
    assert resolved["conflict"]["resolved"] == "machine"

    assert _texts(read(api, path, revision=2)) == _texts(edited)
    api.data("POST", f"{path}/revisions/2/restore")
    assert _texts(read(api, path)) == _texts(edited)


def _texts(transcript: dict[str, Any]) -> list[str]:
    return [segment["text"] for segment in transcript["segments"]]
