"""Session values and the expiry policy."""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from common import languages
from common.identity import Role, Scope

DEFAULT_LANGUAGE = "default_language"
AUTO_START = "auto_start_processing"


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """User preferences. `other` holds keys stored by the server without interpretation."""

    default_language: str | None = None
    auto_start_processing: bool | None = None
    other: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, flat: Mapping[str, Any]) -> "Preferences":
        """Build preferences from a flat JSON object.

        A stored language unusable for uploads is left out: earlier versions accepted any code.
        """
        language = flat.get(DEFAULT_LANGUAGE)
        return cls(
            default_language=languages.find(language) if isinstance(language, str) else None,
            auto_start_processing=flat.get(AUTO_START),
            other={
                key: value
                for key, value in flat.items()
                if key not in (DEFAULT_LANGUAGE, AUTO_START)
            },
        )

    def flat(self) -> dict[str, Any]:
        """Return a flat JSON object. Known keys without a value are left out."""
        known = {
            DEFAULT_LANGUAGE: self.default_language,
            AUTO_START: self.auto_start_processing,
        }
        return {key: value for key, value in known.items() if value is not None} | dict(self.other)


class Kind(enum.Enum):
    """How a session came about."""

    OPEN = "open"
    SIGN_IN = "sign_in"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - a word # pragma: allowlist secret
    LINK = "link"


@dataclass(frozen=True, kw_only=True)
class Session:
    """A stored session. Times are timezone-aware and in UTC."""

    id: int
    session_id: str
    workspace_id: str
    token_sha256: str = field(repr=False)
    user_identifier: str
    """Name of the user who signed in, otherwise a label."""

    authenticated: bool
    preferences: Preferences
    created_at: dt.datetime
    last_accessed_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None
    kind: Kind = Kind.OPEN
    ends_at: dt.datetime | None = None
    """When it ends regardless of its use, if ever."""

    user_id: str = ""
    token_id: str = ""
    """The access token that it belongs to, if any."""

    role: Role | None = None
    scopes: frozenset[Scope] | None = None
    link_id: str = ""
    administrator: bool = False

    @property
    def unused_successor(self) -> bool:
        """Whether it took the place of an ended session and its own token was never used."""
        resumed = self.kind is Kind.OPEN and self.workspace_id != self.session_id
        return resumed and self.last_accessed_at <= self.created_at

    def active_at(self, now: dt.datetime) -> bool:
        """Return whether the session is active at a given time."""
        return self.revoked_at is None and self.expires_at > now

    def age_seconds(self, now: dt.datetime) -> float:
        """Return the seconds since creation."""
        return (now - self.created_at).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Expiry policy: a use extends a session to `ttl` from now, unless it already lasts longer.

    For `grace` after its end, everything it owned is kept and can be taken up again. With None it
    is kept until somebody deletes it.
    """

    ttl: dt.timedelta
    touch_interval: dt.timedelta
    grace: dt.timedelta | None = None

    def kept_until(self, expires_at: dt.datetime) -> dt.datetime | None:
        """Return when everything owned by a session is erased, unless it is used before."""
        return None if self.grace is None else expires_at + self.grace

    def resumable_since(self, now: dt.datetime) -> dt.datetime | None:
        """Return the earliest end of resumable sessions. None for any time."""
        return None if self.grace is None else now - self.grace

    def worth_writing(self, last_accessed: dt.datetime, now: dt.datetime) -> bool:
        """Return whether a use is due to be written, so that a burst of uses is written once."""
        return now - last_accessed >= self.touch_interval


def utc_now() -> dt.datetime:
    """Return the current time in UTC."""
    return dt.datetime.now(dt.UTC)
