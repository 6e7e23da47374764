"""Composition of webhooks, from the settings."""

from dataclasses import dataclass

from nats.js import JetStreamContext

from common.background.registry import Loop, Work
from common.background.times_ahead import TimeColumn
from common.postgres import Database
from gateway.sessions.registry import Clock
from gateway.settings import GatewaySettings
from gateway.webhooks.addresses import PermittedNetworks
from gateway.webhooks.delivery_queue import LOOP
from gateway.webhooks.events import WebhookEvents
from gateway.webhooks.receiver import Receivers
from gateway.webhooks.retries import LONGEST_HOLD_SECONDS
from gateway.webhooks.sender import LEASE, Sender
from gateway.webhooks.service import WebhookService
from gateway.webhooks.signatures import SecretBox
from gateway.webhooks.upkeep import WebhookUpkeep

_LOOK_SECONDS = 5.0
_UPKEEP_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """Everything about webhooks."""

    service: WebhookService
    sender: Sender
    receivers: Receivers
    events: WebhookEvents
    upkeep: WebhookUpkeep

    def work(self) -> Work:
        """Return the step over events."""
        return Work(step=self.events, every=0.0)

    def loops(self, database: Database) -> tuple[Loop, ...]:
        """Return the loops for sending deliveries and for their upkeep."""
        database.when_given_work(LOOP, self.sender.wake_up.notify_in)
        return (
            Loop(
                name=LOOP,
                take=self.sender.step,
                every=_LOOK_SECONDS,
                wake_up=self.sender.wake_up,
            ),
            Loop(name="webhook-upkeep", take=self.upkeep.step, every=_UPKEEP_SECONDS),
        )

    def times(self, clock: Clock) -> tuple[TimeColumn, ...]:
        """Return the times that deliveries wait for."""
        lease, longest = LEASE.total_seconds(), LONGEST_HOLD_SECONDS
        deliveries = "webhook_deliveries"
        return (
            TimeColumn(table=deliveries, column="due_at", furthest=longest, clock=clock),
            TimeColumn(table=deliveries, column="leased_until", furthest=lease, clock=clock),
            TimeColumn(table="webhooks", column="held_until", furthest=longest, clock=clock),
        )

    async def close(self, seconds: float) -> None:
        """Let requests in progress end for some seconds, and close the connections."""
        await self.sender.close(seconds)
        await self.receivers.close()


def compose(
    settings: GatewaySettings,
    database: Database,
    stream: JetStreamContext,
    *,
    now: Clock,
    version: str,
) -> Webhooks:
    """Create everything about webhooks."""
    receivers = Receivers(
        PermittedNetworks.parse(settings.webhook_allowed_networks), version=version
    )
    secrets = SecretBox(settings.secret_key.get_secret_value())
    return Webhooks(
        service=WebhookService(database, receivers, secrets, now=now),
        sender=Sender(database, receivers, secrets, now=now),
        receivers=receivers,
        events=WebhookEvents(database, stream, now=now),
        upkeep=WebhookUpkeep(database, now=now),
    )
