"""Values of webhooks, deliveries and attempts."""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Most webhooks of one workspace.
MOST_WEBHOOKS = 10
MAX_URL = 2048
MAX_DESCRIPTION = 200
#: Hours for which an earlier secret still signs after a rotation.
DEFAULT_OVERLAP_HOURS = 24
MAX_OVERLAP_HOURS = 7 * 24
#: Characters of an answer that the log keeps.
MAX_ANSWER = 200


class DeliveryState(enum.StrEnum):
    """State of a delivery."""

    WAITING = "waiting"
    """For its first or its next attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up after its last attempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """An address for events of a workspace."""

    webhook_id: str
    workspace_id: str
    url: str
    description: str
    events: Sequence[str]
    active: bool
    paused_reason: str
    """Why it is not active. Empty where a person has paused it."""

    paused_at: dt.datetime | None
    failures: int
    """Failed attempts since the last success."""

    failing_since: dt.datetime | None
    previous_until: dt.datetime | None
    """Until when the earlier secret signs too."""

    created_at: dt.datetime
    updated_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One request to a receiver. `status` is None without an answer."""

    attempt: int
    started_at: dt.datetime
    milliseconds: int
    status: int | None
    error: str
    """Why it failed, for the owner. Empty for a success."""

    answer: str
    """The first characters of the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An event for a webhook, with the attempts to send it."""

    number: int
    """Place in the log."""

    delivery_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    created_at: dt.datetime
    next_attempt_at: dt.datetime | None
    ended_at: dt.datetime | None
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DueDelivery:
    """A leased delivery, ready to be sent."""

    delivery_id: str
    webhook_id: str
    url: str
    event_type: str
    body: str
    attempt: int
    """Number of this attempt, from 1."""

    tries: int
    """The same since a person has sent it again."""

    queued_at: dt.datetime
    first_attempt_at: dt.datetime
    leased_at: dt.datetime
    secret: bytes = field(repr=False)
    """Encrypted."""

    previous_secret: bytes | None = field(repr=False)
    """Encrypted. None unless it signs too."""
