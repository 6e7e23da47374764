"""What an upload asks for, by its fields and the session's preferences."""

from typing import Any

import pytest

from common.errors import ValidationError
from gateway.sessions.session import Preferences
from gateway.uploads.form import MAX_FIELD_BYTES, MAX_FIELDS, UploadForm, Wishes


def form(preferences: Preferences | None = None, **fields: str | bytes) -> UploadForm:
    made = UploadForm(preferences or Preferences())
    for name, value in fields.items():
        made.begin(name)
        made.add(value if isinstance(value, bytes) else value.encode())
    return made


def test_without_fields_detection_and_an_immediate_start() -> None:
    assert form().wishes() == Wishes(language="", auto_start=True)


def test_preferences_apply_where_the_form_is_silent() -> None:
    preferences = Preferences(default_language="de", auto_start_processing=False)
    assert form(preferences).wishes() == Wishes(language="de", auto_start=False)
    assert form(preferences, language="").wishes().language == "de"


def test_fields_win_over_preferences() -> None:
    preferences = Preferences(default_language="de", auto_start_processing=False)
    made = form(preferences, language=" EN ", auto_start="True")
    assert made.wishes() == Wishes(language="en", auto_start=True)


def test_auto_asks_for_detection_whatever_is_preferred() -> None:
    assert form(Preferences(default_language="de"), language="auto").wishes().language == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("1", True), ("on", True), ("yes", True), ("", True),
     ("false", False), ("False", False), ("0", False), ("off", False), ("no", False)],
)  # fmt: skip
def test_spellings_of_auto_start(text: str, value: bool) -> None:
    assert form(auto_start=text).wishes().auto_start is value


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"auto_start": "maybe"}, "auto_start"),
        ({"auto_start": b"\xff"}, "auto_start"),
        ({"language": "english"}, "language"),
        ({"language": "e1"}, "language"),
        ({"language": b"\xff\xfe"}, "language"),
    ],
)
def test_wrong_values_name_their_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        form(**fields).wishes()
    assert caught.value.details["field"] == field


def test_the_last_of_a_repeated_field_counts() -> None:
    made = form(language="de")
    made.begin("language")
    made.add(b"f")
    made.add(b"r")
    assert made.wishes().language == "fr"


def test_decided_once_both_fields_are_there() -> None:
    assert not form(language="en").decided
    assert not form(auto_start="true").decided
    assert form(language="en", auto_start="true").decided


def test_fields_are_bounded_in_number_and_size() -> None:
    made = form()
    for number in range(MAX_FIELDS):
        made.begin(f"field{number}")
    with pytest.raises(ValidationError):
        made.begin("one more")
    small = form()
    small.begin("note")
    small.add(b"x" * MAX_FIELD_BYTES)
    with pytest.raises(ValidationError):
        small.add(b"x")
