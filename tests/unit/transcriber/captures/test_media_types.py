"""Media types of captures."""

import datetime as dt

import pytest

from common.errors import ValidationError
from transcriber.captures import media_types

MOMENT = dt.datetime(2026, 1, 2, 15, 4, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("media_type", "extension"),
    [
        ("audio/webm;codecs=opus", "webm"),
        ("AUDIO/WEBM; codecs=opus", "webm"),
        ("video/webm", "webm"),
        ("audio/ogg", "ogg"),
        ("audio/mp4;codecs=mp4a.40.2", "m4a"),
        ("audio/wav", "wav"),
        ("audio/x-wav", "wav"),
    ],
)
def test_types_of_recorders(media_type: str, extension: str) -> None:
    assert media_types.check(media_type) == media_type
    assert media_types.extension_of(media_type) == extension


@pytest.mark.parametrize("media_type", ["", "text/html", "audio/", "audio/webm" + " " * 300])
def test_other_types_are_refused(media_type: str) -> None:
    with pytest.raises(ValidationError) as caught:
        media_types.check(media_type)
    assert caught.value.details == {"field": "media_type"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "Recording 2026-01-02 15.04.webm"),
        ("Weekly meeting", "Weekly meeting.webm"),
        ("a/b: c?", "a b c.webm"),
        ("x" * 255, "x" * 120 + ".webm"),
    ],
)
def test_names_of_files(title: str, name: str) -> None:
    assert media_types.filename(title, MOMENT, "webm") == name
