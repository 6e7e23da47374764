"""Reading and editing of transcripts over the JSON API, with everything that shows them."""

from typing import Any

import pytest

from tests.e2e.contract import Api, upload, wait

pytestmark = pytest.mark.e2e


@pytest.fixture
def transcript(api: Api, clip: bytes) -> str:
    """Return the path of a transcribed recording."""
    number = upload(api, clip, language="en")["transcription_id"]
    assert wait(api, number)["status"] == "completed"
    return f"/transcription/{number}"


def read(api: Api, path: str, **parameters: Any) -> dict[str, Any]:
    data: dict[str, Any] = api.data(
        "GET", f"{path}/transcript", params={"words": "true", **parameters}
    )
    return data


def same(segments: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    """Return whether segments are equal. Their mean confidence is computed again after edits."""
    confidences = [item["confidence"] for item in others]
    assert [item["confidence"] for item in segments] == pytest.approx(confidences, abs=1e-4)
    return [item | {"confidence": 0} for item in segments] == [
        item | {"confidence": 0} for item in others
    ]


def edit(api: Api, path: str, revision: int, *operations: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = api.data(
        "POST",
        f"{path}/edits",
        headers={"If-Match": f'"{revision}"'},
        json={"operations": list(operations)},
    )
    return data


def test_edited_words_are_shown_everywhere(api: Api, transcript: str) -> None:
    before = read(api, transcript)
    assert (before["revision"], before["newest_revision"]) == (1, 1)
    segment = before["segments"][0]
    first = segment["words"][0]
    assert 0 < first["confidence"] <= 1
    assert not first["edited"]
    edited = edit(
        api,
        transcript,
        1,
        {
            "type": "replace_words",
            "first": first["id"],
            "last": first["id"],
            "text": "Zanzibar",
        },
    )
    assert edited["revision"] == 2
    assert [item["id"] for item in edited["changed"]] == [segment["id"]]
    after = read(api, transcript)["segments"][0]
    assert after["text"].startswith("Zanzibar ")
    word = after["words"][0]
    assert (word["text"], word["edited"], word["confidence"]) == ("Zanzibar", True, None)
    assert (word["start"], word["end"]) == (first["start"], first["end"])
    number = transcript.rpartition("/")[2]
    status = api.data("GET", f"/transcription/status/{number}")
    assert status["full_transcript"].startswith("Zanzibar ")
    exported = api.http.get(f"/transcription/export/{number}", params={"export_format": "txt"})
    assert "Zanzibar" in exported.text
    assert same(read(api, transcript, revision=1)["segments"], before["segments"])


def test_undo_redo_and_restore(api: Api, transcript: str) -> None:
    before = read(api, transcript)
    words = before["segments"][0]["words"]
    edit(api, transcript, 1, {"type": "split_segment", "word": words[2]["id"]})
    divided = read(api, transcript)["segments"]
    assert len(divided) == len(before["segments"]) + 1
    assert api.data("POST", f"{transcript}/undo")["target_revision"] == 2
    assert same(read(api, transcript)["segments"], before["segments"])
    assert api.data("POST", f"{transcript}/redo")["revision"] == 4
    assert same(read(api, transcript)["segments"], divided)
    assert api.data("POST", f"{transcript}/revisions/1/restore")["revision"] == 5
    assert same(read(api, transcript)["segments"], before["segments"])
    history = api.data("GET", f"{transcript}/revisions")
    assert [(item["revision"], item["kind"]) for item in history["revisions"]] == [
        (5, "edit"),
        (4, "redo"),
        (3, "undo"),
        (2, "edit"),
        (1, "machine"),
    ]
    assert history["revisions"][3]["description"] == "Split segment"
    assert history["undoable_revision"] == 5
    api.data("POST", f"{transcript}/undo")
    assert same(read(api, transcript)["segments"], divided)


def test_edits_without_a_revision_and_of_the_same_word_are_refused(
    api: Api, transcript: str
) -> None:
    word = read(api, transcript)["segments"][0]["words"][0]
    deletion = {"type": "delete_words", "first": word["id"], "last": word["id"]}
    details = api.refused(
        "POST",
        f"{transcript}/edits",
        428,
        "PRECONDITION_REQUIRED",
        json={"operations": [deletion]},
    )
    assert details["header"] == "If-Match"
    edit(api, transcript, 1, deletion)
    details = api.refused(
        "POST",
        f"{transcript}/edits",
        409,
        "CONFLICT",
        headers={"If-Match": '"1"'},
        json={"operations": [deletion | {"type": "replace_words", "text": "Other"}]},
    )
    assert details["reason"] == "EDIT_CONFLICT"
    assert details["base_text"].startswith(word["text"])
    assert not details["current_text"].startswith(f"{word['text']} ")


def test_words_are_given_to_a_new_speaker(api: Api, transcript: str) -> None:
    words = read(api, transcript)["segments"][0]["words"]
    number = transcript.rpartition("/")[2]
    earlier = api.data("GET", f"/transcription/status/{number}")["speakers"]
    edited = edit(
        api,
        transcript,
        1,
        {
            "type": "set_speaker",
            "first": words[0]["id"],
            "last": words[1]["id"],
            "speaker": None,
        },
    )
    label = next(
        item["speaker_label"]
        for item in edited["changed"]
        if item["words"][0]["id"] == words[0]["id"]
    )
    status = api.data("GET", f"/transcription/status/{number}")
    assert label not in earlier
    assert label in status["speakers"]
    assert status["speaker_stats"][label]["segment_count"] == 1
    api.data("POST", f"/transcription/speakers/assign/{number}", json={label: "A New Voice"})
    assert read(api, transcript)["segments"][0]["speaker"] == "A New Voice"


def test_pages_and_etag(api: Api, transcript: str) -> None:
    everything = read(api, transcript)
    assert everything["total"] == len(everything["segments"])
    start = everything["segments"][-1]["start_time"]
    behind = read(api, transcript, **{"from": start + 0.01})
    assert [item["id"] for item in behind["segments"]] == [everything["segments"][-1]["id"]]
    without = read(api, transcript, words="false")
    assert without["segments"][0]["words"] is None
    assert api.http.get(f"{transcript}/transcript").headers["etag"] == '"1"'


def test_notes(api: Api, transcript: str) -> None:
    words = read(api, transcript)["segments"][0]["words"]
    note = {
        "type": "add_note",
        "first": words[0]["id"],
        "last": words[1]["id"],
        "text": "Listen again",
    }
    edit(api, transcript, 1, note)
    (stored,) = read(api, transcript)["notes"]
    assert (stored["text"], stored["own"]) == ("Listen again", True)
    edit(api, transcript, 2, {"type": "change_note", "note": stored["id"], "text": ""})
    assert read(api, transcript)["notes"] == []


def test_revisions_are_compared(api: Api, transcript: str) -> None:
    segments = read(api, transcript)["segments"]
    first, second, *_ = segments[0]["words"]
    edit(
        api,
        transcript,
        1,
        {
            "type": "replace_words",
            "first": first["id"],
            "last": first["id"],
            "text": "Zanzibar",
        },
        {"type": "split_segment", "word": second["id"]},
    )
    compared = api.data("GET", f"{transcript}/revisions/compare", params={"limit": 1})
    assert (compared["from_revision"], compared["to_revision"]) == (1, 2)
    (difference,) = compared["differences"]
    assert difference["changes"][:2] == ["words", "split"]
    assert [item["id"] for item in difference["before"]] == [segments[0]["id"]]
    assert len(difference["after"]) == 2
    piece = difference["pieces"][0]
    assert (piece["kind"], piece["before"]["text"], piece["after"]["text"]) == (
        "replaced",
        first["text"],
        "Zanzibar",
    )
    assert piece["revision"] == 2
    joined = "".join(item["before"]["text"] for item in difference["pieces"])
    assert joined == segments[0]["text"]
    api.refused("GET", f"{transcript}/revisions/compare", 404, "NOT_FOUND", params={"to": 9})
    details = api.refused(
        "GET",
        f"{transcript}/revisions/compare",
        400,
        "VALIDATION_ERROR",
        params={"cursor": "x"},
    )
    assert details["field"] == "cursor"


def test_revisions_are_exported_with_tracked_changes(api: Api, transcript: str) -> None:
    first = read(api, transcript)["segments"][0]["words"][0]
    word = {"first": first["id"], "last": first["id"]}
    edit(api, transcript, 1, {"type": "replace_words", **word, "text": "Zanzibar"})
    edit(api, transcript, 2, {"type": "delete_words", **word})
    number = transcript.rpartition("/")[2]

    def exported(name: str, **parameters: Any) -> str:
        answer = api.http.get(
            f"/transcription/export/{number}", params={"export_format": name, **parameters}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    assert "Zanzibar" not in exported("txt")
    assert "Zanzibar" in exported("txt", revision=2)
    assert exported("srt", version="machine") == exported("srt", revision=1)
    assert "Zanzibar" not in exported("txt", version="machine")
    assert f"{{~~{first['text']}~>Zanzibar~~}}" in exported("md", changes="tracked", revision=2)
    assert "{--Zanzibar" in exported("md", changes="tracked", since=2)
    refused = api.http.get(
        f"/transcription/export/{number}", params={"export_format": "txt", "changes": "tracked"}
    )
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "changes")
    missing = api.http.get(
        f"/transcription/export/{number}", params={"export_format": "txt", "revision": 9}
    )
    assert missing.status_code == 404
