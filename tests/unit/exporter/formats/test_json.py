import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from exporter.document import Document
from exporter.formats.json import render
from exporter.options import ExportOptions, Option
from tests.unit.exporter.documents import call, document, hostile, in_script, meeting

SCHEMA = json.loads(
    files("exporter").joinpath("schemas/transcript.schema.json").read_text(encoding="utf-8")
)


def read(made: Document, **options: bool) -> Any:
    value = json.loads(b"".join(render(made, ExportOptions(**options))))
    Draft202012Validator(SCHEMA).validate(value)
    return value


def test_the_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_transcript_and_its_words_can_be_read_back() -> None:
    source = meeting()
    value = read(source)
    assert [one["text"] for one in value["segments"]] == [one.text for one in source.segments]
    assert value["segments"][3]["speaker"] == "Ben Ode"
    assert value["segments"][3]["speaker_label"] == "Speaker_2"
    words = value["segments"][3]["words"]
    assert " ".join(word["text"] for word in words) == "I'll send the new figures by Friday."
    assert words[0] == {
        "text": "I'll",
        "start_time": 9.5,
        "end_time": pytest.approx(9.857),
        "probability": 0.9,
        "speakers": ["Speaker_2"],
    }
    assert value["speakers"][0]["name"] == "Anna Müller"
    assert value["speakers"][0]["name_source"] == "confirmed"
    assert value["file"]["duration"] == 15.0
    assert value["completed_at"] == "2026-11-01T10:05:00+00:00"


def test_channels_and_overlapping_segments_can_be_read_back() -> None:
    value = read(call())
    assert value["channels"] == {
        "requested": "auto",
        "decided": "separate",
        "reason": "Each of the two channels holds a party of its own.",
        "channels": [
            {"number": 1, "title": "Anna", "description": "left channel"},
            {"number": 2, "title": None, "description": "right channel"},
        ],
    }
    assert [one["channel"] for one in value["segments"]] == [1, 2, 1]
    assert [one["channel"] for one in value["speakers"]] == [1, 2]
    assert value["segments"][1]["start_time"] < value["segments"][0]["end_time"]


def test_a_mix_has_no_channels() -> None:
    value = read(meeting())
    assert (value["channels"]["decided"], value["channels"]["channels"]) == (None, [])
    assert {one["channel"] for one in (*value["segments"], *value["speakers"])} == {None}
    assert value["languages"][0]["probability"] == 0.0


ADDITIONS = {"meeting_summary", "action_items", "speaker_stats"}


@pytest.mark.parametrize("option", Option)
def test_an_option_adds_only_the_member_of_its_name(option: Option) -> None:
    plain = set(read(meeting()))
    assert not ADDITIONS & plain
    added = set(read(meeting(), **{option.value: True})) - plain
    assert added == ADDITIONS & {option.value}


def test_options_add_summary_items_and_statistics() -> None:
    value = read(meeting(), meeting_summary=True, action_items=True, speaker_stats=True)
    assert value["meeting_summary"]["method"] == "extractive"
    assert value["meeting_summary"]["statements"][0]["segments"] == [2]
    assert value["meeting_summary"]["statements"][0]["times"] == [5.5]
    assert value["action_items"] == [
        {
            "text": "I'll send the new figures by Friday.",
            "owner": "Ben Ode",
            "due": "by Friday",
            "segment": 3,
            "time": 9.5,
        }
    ]
    assert [one["word_count"] for one in value["speaker_stats"]] == [15, 16]


def test_text_is_unchanged() -> None:
    source = hostile()
    assert read(source)["segments"][0]["text"] == source.segments[0].text
    assert read(in_script("hi"))["segments"][0]["text"] == in_script("hi").segments[0].text


def test_an_empty_transcript_is_valid() -> None:
    assert read(document([]), speaker_stats=True)["segments"] == []
