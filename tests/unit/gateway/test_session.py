"""Expiry policy and preferences."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import languages
from gateway.sessions.session import Expiry, Preferences, Session
from tests.unit.gateway.fakes import NOON

HOUR = dt.timedelta(hours=1)
EXPIRY = Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5))


def session(**changes: object) -> Session:
    values: dict[str, object] = {
        "id": 1, "session_id": "session_1", "workspace_id": "session_1", "token_sha256": "00",
        "user_identifier": "", "authenticated": False, "preferences": Preferences(),
        "created_at": NOON, "last_accessed_at": NOON, "expires_at": NOON + HOUR,
    }  # fmt: skip
    return Session(**(values | changes))  # type: ignore[arg-type]


def test_a_burst_of_uses_is_written_once() -> None:
    assert not EXPIRY.worth_writing(NOON, NOON + dt.timedelta(seconds=4.9))
    assert EXPIRY.worth_writing(NOON, NOON + dt.timedelta(seconds=5))


def test_a_session_is_active_until_it_expires_or_is_revoked() -> None:
    assert session().active_at(NOON)
    assert not session().active_at(NOON + HOUR)
    assert not session(revoked_at=NOON).active_at(NOON)


def test_repr_hides_the_hash_of_the_token() -> None:
    assert "token_sha256" not in repr(session())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "default_language": st.sampled_from([*languages.NAMES]),
            "auto_start_processing": st.booleans(),
            "theme": st.text(max_size=5),
            "x": st.booleans(),
        },
    )
)
def test_preferences_round_trip(flat: dict[str, object]) -> None:
    assert Preferences.of(flat).flat() == flat


@pytest.mark.parametrize("stored", ["xx", "english", "", True])
def test_stored_language_without_use_is_left_out(stored: object) -> None:
    assert Preferences.of({"default_language": stored}).flat() == {}


def test_stored_language_gets_its_present_code() -> None:
    assert Preferences.of({"default_language": "jw"}).default_language == "jv"


def test_unset_preferences_are_left_out() -> None:
    assert Preferences(auto_start_processing=False).flat() == {"auto_start_processing": False}
