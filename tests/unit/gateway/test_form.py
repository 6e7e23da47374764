"""Upload options from form fields and preferences."""

from typing import Any

import pytest

from common.errors import ValidationError
from gateway.processing_options import UploadOptions
from gateway.sessions.session import Preferences
from gateway.speaker_numbers import SpeakerNumbers
from gateway.uploads.form import MAX_FIELD_BYTES, MAX_FIELDS, UploadForm


def form(preferences: Preferences | None = None, **fields: str | bytes) -> UploadForm:
    made = UploadForm(preferences or Preferences())
    for name, value in fields.items():
        made.begin(name)
        made.add(value if isinstance(value, bytes) else value.encode())
    return made


def test_defaults_are_detection_and_immediate_start() -> None:
    assert form().options() == UploadOptions(language="", auto_start=True)


def test_preferences_are_defaults_for_absent_fields() -> None:
    preferences = Preferences(default_language="de", auto_start_processing=False)
    assert form(preferences).options() == UploadOptions(language="de", auto_start=False)
    assert form(preferences, language="").options().language == "de"


def test_fields_override_preferences() -> None:
    preferences = Preferences(default_language="de", auto_start_processing=False)
    made = form(preferences, language=" EN ", auto_start="True")
    assert made.options() == UploadOptions(language="en", auto_start=True)


@pytest.mark.parametrize(("tag", "code"), [("en-US", "en"), ("zh-Hant", "zh"), ("iw", "he")])
def test_language_is_a_tag(tag: str, code: str) -> None:
    assert form(language=tag).options().language == code


def test_auto_overrides_the_preferred_language() -> None:
    assert form(Preferences(default_language="de"), language="auto").options().language == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("1", True), ("on", True), ("yes", True), ("", True),
     ("false", False), ("False", False), ("0", False), ("off", False), ("no", False)],
)  # fmt: skip
def test_spellings_of_auto_start(text: str, value: bool) -> None:
    assert form(auto_start=text).options().auto_start is value


@pytest.mark.parametrize(
    ("text", "mode"),
    [("", "auto"), ("auto", "auto"), (" Mix ", "mix"), ("separate", "separate")],
)
def test_modes_of_channels(text: str, mode: str) -> None:
    assert form(channels=text).options().channels == mode


def test_channels_and_truncation_have_defaults() -> None:
    made = form().options()
    assert (made.channels, made.allow_truncated) == ("auto", False)
    # The workspace decides.
    assert made.voice_memory is None
    assert form(voice_memory="").options().voice_memory is None
    assert form(voice_memory="off").options().voice_memory is False
    assert form(voice_memory="on").options().voice_memory is True
    assert form(allow_truncated="Yes").options().allow_truncated
    assert not form(allow_truncated="").options().allow_truncated


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({}, SpeakerNumbers()),
        ({"num_speakers": " 2 "}, SpeakerNumbers(exact=2)),
        ({"num_speakers": "", "max_speakers": "0"}, SpeakerNumbers(greatest=0)),
        ({"min_speakers": "2", "max_speakers": "50"}, SpeakerNumbers(least=2, greatest=50)),
    ],
)
def test_numbers_of_speakers(fields: dict[str, Any], numbers: SpeakerNumbers) -> None:
    assert form(**fields).options().speakers == numbers


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"auto_start": "maybe"}, "auto_start"),
        ({"channels": "left"}, "channels"),
        ({"allow_truncated": "maybe"}, "allow_truncated"),
        ({"num_speakers": "two"}, "num_speakers"),
        ({"num_speakers": "-1"}, "num_speakers"),
        ({"num_speakers": "9" * 5000}, "num_speakers"),
        ({"num_speakers": "²"}, "num_speakers"),
        ({"max_speakers": "51"}, "max_speakers"),
        ({"diarize": "maybe"}, "diarize"),
        ({"priority": "6"}, "priority"),
        ({"auto_start": b"\xff"}, "auto_start"),
        ({"language": "english"}, "language"),
        ({"language": "e1"}, "language"),
        ({"language": "xx"}, "language"),
        ({"language": b"\xff\xfe"}, "language"),
    ],
)
def test_invalid_values_name_their_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        form(**fields).options()
    assert caught.value.details["field"] == field


def test_the_last_of_a_repeated_field_wins() -> None:
    made = form(language="de")
    made.begin("language")
    made.add(b"f")
    made.add(b"r")
    assert made.options().language == "fr"


def test_fields_are_bounded_in_number_and_size() -> None:
    made = form()
    for _ in range(MAX_FIELDS):
        made.begin("phrases")
    with pytest.raises(ValidationError, match="At most"):
        made.begin("phrases")
    small = form()
    small.begin("language")
    small.add(b"x" * MAX_FIELD_BYTES)
    with pytest.raises(ValidationError):
        small.add(b"x")


def test_options_of_the_job() -> None:
    made = form(diarize="false", priority="2", model="whisper-base", phrases="Ann Lee\n\n Bob ")
    made.begin("phrases")
    made.add("Zoë".encode())
    options = made.options()
    assert (options.diarize, options.priority, options.model) == (False, 2, "whisper-base")
    assert options.phrases == ("Ann Lee", "Bob", "Zoë")
    assert form(model="whisper-1").options().model == ""


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("auto_strat", "auto_start"), ("numSpeakers", "num_speakers"), ("fil", "file")],
)
def test_unknown_fields_are_refused_with_the_nearest_name(name: str, nearest: str) -> None:
    with pytest.raises(ValidationError, match=rf"no field {name}\. Did you mean {nearest}\?") as it:
        form().begin(name)
    assert it.value.details == {"field": name, "nearest": nearest}


def test_fields_of_clients_have_no_effect() -> None:
    made = UploadForm(Preferences(), ignored=["relativePath"])
    made.begin("relativePath")
    made.add(b"a/b")
    assert made.options() == form().options()
