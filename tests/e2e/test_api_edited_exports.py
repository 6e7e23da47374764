"""Everything that is derived from a transcript shows its newest revision."""

import json
from typing import Any

import pytest

from tests.e2e.contract import Api, upload, wait
from tests.e2e.test_api_transcript import edit, read

pytestmark = pytest.mark.e2e

_TASK = "Ann will send the report by Friday."


@pytest.fixture
def transcript(api: Api, clip: bytes) -> str:
    """Return the path of a transcribed recording."""
    number = upload(api, clip, language="en")["transcription_id"]
    assert wait(api, number)["status"] == "completed"
    return f"/transcription/{number}"


def exported(api: Api, path: str, **parameters: Any) -> dict[str, Any]:
    options = ["meeting_summary", "action_items", "speaker_stats"]
    answer = api.http.get(
        f"/transcription/export/{path.rpartition('/')[2]}",
        params={"export_format": "json", "include_options": options, **parameters},
    )
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = json.loads(answer.text)
    return document


def words_in(document: dict[str, Any]) -> int:
    return sum(len(segment["text"].split()) for segment in document["segments"])


def test_summary_action_items_and_statistics_follow_edits(api: Api, transcript: str) -> None:
    machine = exported(api, transcript)
    assert _TASK not in json.dumps(machine)
    segments = read(api, transcript)["segments"]
    first, last = segments[0], segments[-1]
    insertion = {
        "type": "insert_words",
        "segment": last["id"],
        "after": last["words"][-1]["id"],
        "text": _TASK,
    }
    given = {
        "type": "set_speaker",
        "first": first["words"][0]["id"],
        "last": first["words"][1]["id"],
        "speaker": None,
    }
    changed = edit(api, transcript, 1, insertion, given)["changed"]
    label = next(
        item["speaker_label"]
        for item in changed
        if item["words"][0]["id"] == first["words"][0]["id"]
    )
    edited = exported(api, transcript)
    (item,) = edited["action_items"]
    assert item["text"].endswith(_TASK)
    assert item["due"] == "by Friday"
    figures = {one["label"]: one for one in edited["speaker_stats"]}
    assert figures[label]["word_count"] == 2
    total = sum(one["word_count"] for one in figures.values())
    assert total == words_in(edited) == words_in(machine) + len(_TASK.split())
    status = api.data("GET", f"/transcription/status/{transcript.rpartition('/')[2]}")
    assert status["full_transcript"].endswith(_TASK)
    assert label in status["speaker_stats"]


def test_names_and_merged_speakers_are_those_of_the_newest_revision(
    api: Api, transcript: str
) -> None:
    number = transcript.rpartition("/")[2]
    segments = read(api, transcript)["segments"]
    words, own = segments[0]["words"], segments[0]["speaker_label"]
    half = {"first": words[0]["id"], "last": words[1]["id"], "speaker": None}
    changed = edit(api, transcript, 1, {"type": "set_speaker", **half})["changed"]
    label = next(
        item["speaker_label"] for item in changed if item["words"][0]["id"] == words[0]["id"]
    )
    assert label in {one["label"] for one in exported(api, transcript)["speakers"]}
    edit(api, transcript, 2, {"type": "merge_speakers", "speaker": label, "into": own})
    api.data("POST", f"/transcription/speakers/assign/{number}", json={own: "Ada Lovelace"})
    merged = exported(api, transcript)
    assert label not in {one["label"] for one in merged["speakers"]}
    assert {one["label"] for one in merged["speaker_stats"]} == {
        one["label"] for one in merged["speakers"]
    }
    assert merged["segments"][0]["speaker"] == "Ada Lovelace"
    assert label not in json.dumps(merged["segments"])
    figures = next(one for one in merged["speaker_stats"] if one["label"] == own)
    assert figures["name"] == "Ada Lovelace"
    stored = api.data("GET", f"/transcription/status/{number}")["speaker_stats"]
    assert stored["Ada Lovelace"]["segment_count"] == figures["segment_count"]
    apart = exported(api, transcript, revision=2)
    assert apart["segments"][0]["speaker_label"] == label
    untouched = exported(api, transcript, version="machine")
    assert label not in json.dumps(untouched)


def test_undone_edits_are_not_summarized(api: Api, transcript: str) -> None:
    segment = read(api, transcript)["segments"][-1]
    insertion = {
        "type": "insert_words",
        "segment": segment["id"],
        "after": segment["words"][-1]["id"],
        "text": _TASK,
    }
    edit(api, transcript, 1, insertion)
    assert exported(api, transcript)["action_items"]
    api.data("POST", f"{transcript}/undo")
    assert not exported(api, transcript)["action_items"]
    assert exported(api, transcript, revision=2)["action_items"]
