"""Validation of processing options."""

import pytest

from common.audio.signals import Signal, SignalPart
from common.errors import ValidationError
from transcriber.domain import options
from transcriber.domain.jobs import Stage
from transcriber.domain.options import ProcessingOptions, SpeakerBounds


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("en", "en"), ("EN", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("yue", "yue"), ("", ""),
        (" de ", "de"), ("auto", ""),
    ],
)  # fmt: skip
def test_language_codes_are_normalized(code: str, kept: str) -> None:
    assert options.language(code) == kept


@pytest.mark.parametrize("code", ["english", "e", "xx", "en;drop", "12", "en\n"[:1] + "\x00"])
def test_unsupported_language_is_rejected(code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        options.language(code)
    assert caught.value.details == {"field": "language"}


def test_priorities_have_default_and_limits() -> None:
    assert options.priority(0) == 5
    assert options.priority(10) == 10
    for wrong in (-1, 11):
        with pytest.raises(ValidationError):
            options.priority(wrong)


def test_phrases_are_trimmed_and_deduplicated() -> None:
    assert options.phrases([" Ada  Lovelace ", "", "Ada Lovelace", "CAM++"]) == (
        "Ada Lovelace",
        "CAM++",
    )


def test_phrases_keep_joiners_between_letters() -> None:
    assert options.phrases(["علی\u200cرضا\u200b"]) == ("علی\u200cرضا",)


@pytest.mark.parametrize(
    "wrong", [["x" * 101], [f"word {n}" for n in range(201)], ["a\x00b"], ["\ud800"]]
)
def test_too_many_or_invalid_phrases_are_rejected(wrong: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        options.phrases(wrong)
    assert caught.value.details == {"field": "phrases"}


def test_request_ids_are_text_of_limited_length() -> None:
    assert options.request_id("") is None
    assert options.request_id("abc") == "abc"
    for wrong in ("x" * 129, "a\x00b"):
        with pytest.raises(ValidationError):
            options.request_id(wrong)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"count": 101}, "diarization.speaker_count"),
        ({"count": -1}, "diarization.speaker_count"),
        ({"fewest": 5, "most": 2}, "diarization.min_speaker_count"),
        ({"most": 1000}, "diarization.max_speaker_count"),
    ],
)
def test_contradictory_bounds_are_rejected(values: dict[str, int], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SpeakerBounds(**values)
    assert caught.value.details == {"field": field}


def test_stage_depends_only_on_its_options() -> None:
    first = ProcessingOptions(language="en", speakers=SpeakerBounds(count=2))
    second = ProcessingOptions(language="de", speakers=SpeakerBounds(count=2))
    assert first.of_stage(Stage.DIARIZE) == second.of_stage(Stage.DIARIZE)
    assert first.of_stage(Stage.TRANSCRIBE) != second.of_stage(Stage.TRANSCRIBE)
    assert first.of_stage(Stage.MERGE) == {}


def test_signals_are_options_of_both_stages() -> None:
    options = ProcessingOptions(language="en")
    left, right = (
        Signal(parts=(SignalPart(track=0, gains=gains),)) for gains in ((1.0, 0.0), (0.0, 1.0))
    )
    for stage in (Stage.TRANSCRIBE, Stage.DIARIZE):
        assert options.of_stage(stage, [left]) != options.of_stage(stage, [right])
        assert options.of_stage(stage, [left]) == options.of_stage(stage, [left])
        assert "signals" not in options.of_stage(stage, [])
    assert options.of_stage(Stage.MERGE, [left]) == {}


def test_job_without_diarization_has_no_such_stage() -> None:
    assert ProcessingOptions().stages == (Stage.TRANSCRIBE, Stage.DIARIZE, Stage.MERGE)
    assert ProcessingOptions(diarize=False).stages == (Stage.TRANSCRIBE, Stage.MERGE)


def test_only_a_requested_model_is_an_option_of_recognition() -> None:
    assert "model" not in ProcessingOptions().of_stage(Stage.TRANSCRIBE)
    named = ProcessingOptions(model="whisper-base", diarize=False)
    assert named.of_stage(Stage.TRANSCRIBE)["model"] == "whisper-base"
    assert named.of_stage(Stage.DIARIZE) == ProcessingOptions().of_stage(Stage.DIARIZE)
