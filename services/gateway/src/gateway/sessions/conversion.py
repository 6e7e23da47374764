"""Conversion between domain sessions and protobuf messages."""

import datetime as dt
from typing import Any

from google.protobuf import json_format

from common import languages, times
from common.errors import ValidationError
from gateway.sessions.session import AUTO_START, DEFAULT_LANGUAGE, Preferences, Session
from gateway.texts import check_json
from securetranscribe.v1 import session_pb2


def to_message(
    session: Session,
    now: dt.datetime,
    statistics: session_pb2.SessionStatistics | None = None,
    *,
    kept_until: dt.datetime | None = None,
) -> session_pb2.Session:
    """Return a session as a message. Fields without a value are absent."""
    return session_pb2.Session(
        id=session.id,
        session_id=session.session_id,
        user_identifier=session.user_identifier,
        create_time=times.timestamp(session.created_at),
        last_access_time=times.timestamp(session.last_accessed_at),
        expire_time=times.timestamp(session.expires_at),
        active=session.active_at(now),
        authenticated=session.authenticated,
        preferences=preferences_message(session.preferences),
        statistics=statistics,
        keep_until_time=times.timestamp(kept_until),
    )


def preferences_message(preferences: Preferences) -> session_pb2.SessionPreferences:
    """Return preferences as a message. Fields without a value are absent."""
    message = session_pb2.SessionPreferences(
        default_language=preferences.default_language,
        auto_start_processing=preferences.auto_start_processing,
    )
    if preferences.other:
        json_format.ParseDict(dict(preferences.other), message.other)
    return message


def preferences_of(message: session_pb2.SessionPreferences) -> Preferences:
    """Return the preferences in a message.

    Raises:
        ValidationError: no upload can use the language, or the other keys are too large.
    """
    other = _plain(message)
    clash = {DEFAULT_LANGUAGE, AUTO_START} & other.keys()
    if clash:
        raise ValidationError.of("preferences", f"Set {min(clash)} in its own field.")
    return Preferences(
        default_language=languages.requested(message.default_language, DEFAULT_LANGUAGE) or None,
        auto_start_processing=(
            message.auto_start_processing if message.HasField("auto_start_processing") else None
        ),
        other=other,
    )


def _plain(message: session_pb2.SessionPreferences) -> dict[str, Any]:
    try:
        other: dict[str, Any] = json_format.MessageToDict(message.other)
    except (ValueError, json_format.Error) as error:
        raise ValidationError.of("preferences", "A number is out of range.") from error
    check_json(other, "preferences")
    return other
