"""What a session is, and the rules of its expiry."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_LANGUAGE = "default_language"
AUTO_START = "auto_start_processing"


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What the user prefers. `other` holds keys that nothing here interprets."""

    default_language: str | None = None
    auto_start_processing: bool | None = None
    other: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, flat: Mapping[str, Any]) -> "Preferences":
        """From one JSON object with the known keys beside the others."""
        return cls(
            default_language=flat.get(DEFAULT_LANGUAGE),
            auto_start_processing=flat.get(AUTO_START),
            other={
                key: value
                for key, value in flat.items()
                if key not in (DEFAULT_LANGUAGE, AUTO_START)
            },
        )

    def flat(self) -> dict[str, Any]:
        """One JSON object; known keys that were not chosen are left out."""
        known = {
            DEFAULT_LANGUAGE: self.default_language,
            AUTO_START: self.auto_start_processing,
        }
        return {key: value for key, value in known.items() if value is not None} | dict(self.other)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session as it is stored. Times are aware and in UTC."""

    id: int
    session_id: str
    token_sha256: str = field(repr=False)
    user_identifier: str
    authenticated: bool
    preferences: Preferences
    created_at: dt.datetime
    last_accessed_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None

    def active_at(self, now: dt.datetime) -> bool:
        """Whether the session is good at a moment."""
        return self.revoked_at is None and self.expires_at > now

    def age_seconds(self, now: dt.datetime) -> float:
        """Seconds since the session was created."""
        return (now - self.created_at).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """How long sessions last. No rule ever moves an expiry to an earlier moment."""

    ttl: dt.timedelta
    touch_interval: dt.timedelta

    def slid(self, current: dt.datetime, now: dt.datetime) -> dt.datetime:
        """The expiry after a use."""
        return max(current, now + self.ttl)

    def extended(
        self, current: dt.datetime, now: dt.datetime, duration: dt.timedelta
    ) -> dt.datetime:
        """The expiry after a wish to last at least `duration` from now."""
        return max(current, now + duration)

    def worth_writing(self, last_accessed: dt.datetime, now: dt.datetime) -> bool:
        """Whether a use is far enough from the noted one; a burst writes once."""
        return now - last_accessed >= self.touch_interval


def utc_now() -> dt.datetime:
    """The current moment."""
    return dt.datetime.now(dt.UTC)
