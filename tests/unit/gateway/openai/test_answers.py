"""Transcripts in the formats of the API, as the official client reads them."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from openai.types.audio import TranscriptionDiarized, TranscriptionVerbose

from gateway.openai import answers, catalog
from gateway.openai.parameters import AudioParameters, Format, Task
from tests.unit.gateway.openai.transcripts import segment, transcript

TALK = transcript(
    [
        segment("Guten Tag.", start=0.0),
        segment("Hallo!", start=2.0, speaker="Speaker_2", index=1),
        segment("Wie geht es?", start=3.0, index=2),
    ]
)


def rendered(response_format: Format, task: Task = "transcribe", **changes: Any) -> str:
    parameters = AudioParameters(
        model=catalog.find("whisper-1"), task=task, response_format=response_format, **changes
    )
    return answers.render(TALK, parameters)


def test_json() -> None:
    assert json.loads(rendered("json")) == {
        "text": "Guten Tag. Hallo! Wie geht es?",
        "languages": [{"code": "de"}],
        "usage": {"type": "duration", "seconds": 10},
    }


def test_translation() -> None:
    assert json.loads(rendered("json", "translate")) == {"text": "Guten Tag. Hallo! Wie geht es?"}
    assert json.loads(rendered("verbose_json", "translate"))["language"] == "english"


def test_logprobs_are_those_of_words() -> None:
    found = json.loads(rendered("json", logprobs=True))["logprobs"]
    assert [one["token"] for one in found[:2]] == ["Guten", " Tag."]
    assert bytes(found[1]["bytes"]) == b" Tag."
    assert found[0]["logprob"] == pytest.approx(math.log(0.5), abs=1e-5)


def test_verbose_json() -> None:
    found = TranscriptionVerbose.model_validate_json(
        rendered("verbose_json", granularities=frozenset({"word", "segment"})), strict=True
    )
    assert (found.language, found.duration) == ("german", 9.5)
    assert [one.start for one in found.segments or ()] == [0.0, 2.0, 3.0]
    assert [one.word for one in found.words or ()][:3] == ["Guten", "Tag.", "Hallo!"]


def test_diarized_json() -> None:
    found = TranscriptionDiarized.model_validate_json(rendered("diarized_json"), strict=True)
    assert [one.speaker for one in found.segments] == ["A", "B", "A"]
    assert found.segments[1].text == "Hallo!"


def test_text() -> None:
    assert rendered("text") == "Guten Tag. Hallo! Wie geht es?\n"


def test_subtitles() -> None:
    assert rendered("srt").startswith("1\n00:00:00,000 --> 00:00:01,000\nGuten Tag.\n\n2\n")
    assert rendered("vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGuten Tag.\n\n")


def test_many_speakers() -> None:
    names = answers.speaker_names(
        transcript(
            [segment("a", start=0.0, speaker=f"Speaker_{number}") for number in range(1, 29)]
        )
    )
    assert [names[f"Speaker_{number}"] for number in (1, 26, 27, 28)] == ["A", "Z", "AA", "AB"]


def test_known_speakers_have_their_names() -> None:
    names = answers.speaker_names(replace(TALK, known_names={"Speaker_2": "agent"}))
    assert names == {"Speaker_1": "A", "Speaker_2": "agent"}


def test_unknown_speakers_never_have_a_name_of_the_call() -> None:
    """Otherwise they would be taken for a person who does not speak here."""
    found = replace(TALK, known_names={"Speaker_2": "B"}, reserved=frozenset({"A", "B"}))
    assert answers.speaker_names(found) == {"Speaker_1": "C", "Speaker_2": "B"}
