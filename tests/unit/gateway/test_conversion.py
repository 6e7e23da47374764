"""Conversion of sessions and preferences to and from protobuf."""

import pytest

from common.errors import ValidationError
from gateway.sessions.conversion import preferences_message, preferences_of, to_message
from gateway.sessions.session import Preferences
from securetranscribe.v1 import session_pb2
from tests.unit.gateway.fakes import NOON
from tests.unit.gateway.test_session import HOUR, session


def test_preferences_round_trip() -> None:
    preferences = Preferences(
        default_language="de",
        auto_start_processing=False,
        other={"theme": "dark", "sizes": [1, 2.5], "nested": {"x": None}},
    )
    assert preferences_of(preferences_message(preferences)) == preferences


def test_absent_fields_stay_absent() -> None:
    message = preferences_message(Preferences())
    assert not message.HasField("default_language")
    assert not message.HasField("auto_start_processing")
    assert preferences_of(message) == Preferences()


@pytest.mark.parametrize("language", ["english", "xx", "tlh"])
def test_languages_without_use_are_rejected(language: str) -> None:
    with pytest.raises(ValidationError) as caught:
        preferences_of(session_pb2.SessionPreferences(default_language=language))
    assert caught.value.details == {"field": "default_language"}


@pytest.mark.parametrize(
    ("language", "kept"), [("pt-BR", "pt"), ("nb", "no"), ("auto", None), ("", None)]
)
def test_languages_are_stored_by_their_code(language: str, kept: str | None) -> None:
    message = session_pb2.SessionPreferences(default_language=language)
    assert preferences_of(message).default_language == kept


def test_known_keys_are_rejected_among_the_others() -> None:
    message = session_pb2.SessionPreferences()
    message.other["default_language"] = "no code"
    with pytest.raises(ValidationError):
        preferences_of(message)


def test_non_finite_numbers_are_rejected() -> None:
    message = session_pb2.SessionPreferences()
    message.other["x"] = float("nan")
    with pytest.raises(ValidationError):
        preferences_of(message)


def test_a_session_message_has_its_activity() -> None:
    message = to_message(session(), NOON)
    assert message.active
    assert not message.HasField("statistics")
    assert not to_message(session(), NOON + HOUR).active
