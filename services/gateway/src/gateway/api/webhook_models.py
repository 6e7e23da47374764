"""Bodies and response models of webhooks."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.parameters import JsonBody, Text
from gateway.web.envelope import ApiModel, Moment
from gateway.webhooks.models import EventType
from gateway.webhooks.webhook import (
    DEFAULT_OVERLAP_HOURS,
    MAX_DESCRIPTION,
    MAX_OVERLAP_HOURS,
    MAX_URL,
    Attempt,
    Delivery,
    Webhook,
)

State = Literal["waiting", "delivered", "failed"]
_Url = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=MAX_URL,
        description="Where events are sent to, with `https`.",
        examples=["https://example.org/hooks"],
    ),
]
_Events = Annotated[
    list[EventType],
    Field(min_length=1, max_length=100, description="Types of the events that are sent."),
]
_Description = Annotated[Text, Field(max_length=MAX_DESCRIPTION)]


class WebhookBody(JsonBody):
    """A new webhook."""

    url: _Url
    events: _Events
    description: _Description = ""
    active: bool = True


class WebhookUpdateBody(JsonBody):
    """Changes of a webhook. Absent fields stay unchanged."""

    url: _Url | None = None
    events: _Events | None = None
    description: _Description | None = None
    active: bool | None = Field(
        None, description="false pauses it. true resumes it and sends the events that have waited."
    )


class RotationBody(JsonBody):
    """How a secret is replaced."""

    overlap_hours: int = Field(
        DEFAULT_OVERLAP_HOURS,
        ge=0,
        le=MAX_OVERLAP_HOURS,
        description="Hours for which the secret before signs too.",
    )


class WebhookData(ApiModel):
    """A webhook, without its secret."""

    webhook_id: str
    url: str
    events: list[str]
    description: str
    active: bool
    paused_reason: str | None = Field(
        description="Why it is paused. Null while it is active, and where a person has paused it."
    )
    paused_at: Moment | None
    failures: int = Field(description="Failed attempts since the last success.")
    failing_since: Moment | None
    previous_secret_until: Moment | None = Field(
        description="Until when the secret before the last rotation signs too."
    )
    created_at: Moment
    updated_at: Moment


class WebhookList(ApiModel):
    """The webhooks of a workspace, the oldest first."""

    webhooks: list[WebhookData]


class SecretData(ApiModel):
    """A webhook with its new secret, only returned here."""

    webhook: WebhookData
    secret: str = Field(description="`whsec_` and the key in Base64.")


class DeletedWebhookData(ApiModel):
    """A deleted webhook."""

    webhook_id: str


class AttemptData(ApiModel):
    """One request to the receiver."""

    attempt: int
    started_at: Moment
    milliseconds: int
    status: int | None = Field(description="Status of the answer. Null without one.")
    error: str | None = Field(description="Why it failed. Null for a success.")
    answer: str = Field(description="The first characters of the answer.")


class DeliveryData(ApiModel):
    """An event for a webhook, with the attempts to send it."""

    delivery_id: str = Field(description="The header `webhook-id` of its requests.")
    event_id: str = Field(description="The event in NATS. That of a test is its `delivery_id`.")
    type: str
    state: State
    created_at: Moment
    next_attempt_at: Moment | None
    ended_at: Moment | None
    attempts: list[AttemptData]


class DeliveryPage(ApiModel):
    """Deliveries, the latest first."""

    deliveries: list[DeliveryData]
    cursor: str | None = Field(description="Cursor of the next page. Null on the last one.")


def webhook_data(webhook: Webhook) -> WebhookData:
    """Convert a webhook to its response model."""
    return WebhookData(
        webhook_id=webhook.webhook_id,
        url=webhook.url,
        events=list(webhook.events),
        description=webhook.description,
        active=webhook.active,
        paused_reason=webhook.paused_reason or None,
        paused_at=webhook.paused_at,
        failures=webhook.failures,
        failing_since=webhook.failing_since,
        previous_secret_until=webhook.previous_until,
        created_at=webhook.created_at,
        updated_at=webhook.updated_at,
    )


def delivery_data(delivery: Delivery) -> DeliveryData:
    """Convert a delivery to its response model."""
    return DeliveryData(
        delivery_id=delivery.delivery_id,
        event_id=delivery.event_id,
        type=delivery.event_type,
        state=delivery.state.value,
        created_at=delivery.created_at,
        next_attempt_at=delivery.next_attempt_at,
        ended_at=delivery.ended_at,
        attempts=[_attempt(attempt) for attempt in delivery.attempts],
    )


def _attempt(attempt: Attempt) -> AttemptData:
    return AttemptData(
        attempt=attempt.attempt,
        started_at=attempt.started_at,
        milliseconds=attempt.milliseconds,
        status=attempt.status,
        error=attempt.error or None,
        answer=attempt.answer,
    )
