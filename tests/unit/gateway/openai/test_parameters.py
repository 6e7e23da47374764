"""Parameters of audio requests."""

import json
from typing import Any

import pytest

from common.errors import ValidationError
from gateway.openai.catalog import ModelNotFoundError
from gateway.openai.parameters import AudioParameters, Task, check_model, read

MODEL = {"model": ["whisper-1"]}


def given(task: Task = "transcribe", **fields: Any) -> AudioParameters:
    return read({**MODEL, **fields}, task)


def refused(task: Task = "transcribe", **fields: Any) -> str | None:
    with pytest.raises(ValidationError) as caught:
        read({**MODEL, **fields}, task)
    return caught.value.details["field"]


def listed(name: str, *values: str) -> dict[str, Any]:
    return {f"{name}[]": list(values)}


def test_defaults() -> None:
    found = given()
    assert (found.response_format, found.language, found.store) == ("json", "", True)
    assert found.granularities == {"segment"}
    assert (found.stream, found.logprobs, found.phrases) == (False, False, ())


@pytest.mark.parametrize("name", ["keywords", "keywords[]"])
def test_lists_have_names_with_and_without_brackets(name: str) -> None:
    assert read({**MODEL, name: ["Anna", "Berta"]}, "transcribe").phrases == ("Anna", "Berta")


def test_lists_may_be_numbered() -> None:
    fields = {**MODEL, "keywords[1]": ["Berta"], "keywords[0]": ["Anna"]}
    assert read(fields, "transcribe").phrases == ("Anna", "Berta")


def test_granularities() -> None:
    fields: dict[str, Any] = {"timestamp_granularities[]": ["word"]}
    assert given(response_format=["verbose_json"], **fields).granularities == {"word"}
    assert refused(**fields) == "timestamp_granularities"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_format", "xml"),
        ("temperature", "2"),
        ("temperature", "nan"),
        ("language", "not a language"),
        ("stream", "perhaps"),
        ("include[]", "tokens"),
        ("chunking_strategy", "manual"),
        ("chunking_strategy", '{"type": "manual"}'),
        ("chunking_strategy", "{"),
    ],
)
def test_invalid_values(name: str, value: str) -> None:
    assert refused(**dict[str, Any]({name: [value]})) == name.removesuffix("[]")


@pytest.mark.parametrize(
    "fields",
    [
        {"chunking_strategy": ["auto"]},
        {"chunking_strategy": [json.dumps({"type": "server_vad", "threshold": 0.5})]},
        {"chunking_strategy[type]": ["server_vad"], "chunking_strategy[threshold]": ["0.5"]},
    ],
)
def test_chunking_strategies(fields: dict[str, Any]) -> None:
    assert given(**fields) == given()


def test_unknown_fields_are_ignored() -> None:
    assert given(of_a_later_version=["1"]) == given()


def test_languages() -> None:
    assert given(language=["en-US"]).language == "en"
    assert given(**listed("languages", "de")).language == "de"
    assert given(**listed("languages", "de", "fr")).language == ""


def test_logprobs_need_json() -> None:
    assert given(**listed("include", "logprobs")).logprobs
    assert refused(**listed("include", "logprobs"), response_format=["text"]) == "include"


@pytest.mark.parametrize(
    "name", ["gpt-4o-transcribe", "gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-transcribe-diarize"]
)
def test_models(name: str) -> None:
    found = read({"model": [name]}, "transcribe").model
    assert name.startswith(found.name)
    with pytest.raises(ValidationError):
        read({"model": [name]}, "translate")


def test_unknown_model() -> None:
    with pytest.raises(ModelNotFoundError):
        read({"model": ["gpt-5"]}, "transcribe")


def test_missing_model() -> None:
    with pytest.raises(ValidationError) as caught:
        read({}, "transcribe")
    assert caught.value.details == {"field": "model"}


def test_known_speakers() -> None:
    fields = {
        **listed("known_speaker_names", "agent"),
        **listed("known_speaker_references", "data:audio/wav;base64,UklGRg=="),
    }
    (speaker,) = given(**fields).known_speakers
    assert (speaker.name, speaker.clip) == ("agent", b"RIFF")
    assert refused(**listed("known_speaker_names", "agent")) == "known_speaker_references"
    # Translations have no speakers.
    assert given("translate", **fields).known_speakers == ()


def test_translations() -> None:
    found = given("translate", stream=["true"], language=["de"])
    assert (found.task, found.stream, found.language) == ("translate", False, "")
    assert refused("translate", response_format=["diarized_json"]) == "response_format"


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deeply_nested_strategy_is_refused(depth: int) -> None:
    nested = f'{{"type": {"[" * depth}{"]" * depth}}}'
    assert refused(chunking_strategy=[nested]) == "chunking_strategy"


def test_model_of_an_incomplete_form() -> None:
    check_model({"timestamp_granularities[]": ["word"]}, "transcribe")
    check_model({**MODEL, "timestamp_granularities[]": ["word"]}, "transcribe")
    with pytest.raises(ModelNotFoundError):
        check_model({"model": ["gpt-5"]}, "transcribe")
    with pytest.raises(ValidationError):
        check_model({"model": ["gpt-4o-transcribe"]}, "translate")
