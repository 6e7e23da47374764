"""Operations on webhooks, for managers of their workspace."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from common import rights
from common.audit import call as audited
from common.errors import ConflictError, NotFoundError, ResourceExhaustedError, ValidationError
from common.identity import Grant
from common.postgres import Connection, Database, give_work
from common.rights import Right
from gateway.accounts.user import new_id
from gateway.webhooks import payloads, signatures
from gateway.webhooks.delivery_log import DeliveryLog
from gateway.webhooks.delivery_queue import LOOP
from gateway.webhooks.models import EventType
from gateway.webhooks.receiver import Receivers
from gateway.webhooks.signatures import SecretBox
from gateway.webhooks.store import Identified, NewWebhook, WebhookChanges, WebhookStore
from gateway.webhooks.webhook import (
    MAX_OVERLAP_HOURS,
    MOST_WEBHOOKS,
    Delivery,
    DeliveryState,
    Webhook,
)

EVENT_TYPES: Sequence[str] = get_args(EventType)
MAX_PAGE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeWebhook:
    """A webhook with its new secret, shown only once."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Deliveries, and the number before the next page. It is None on the last one."""

    deliveries: Sequence[Delivery]
    next_before: int | None


class WebhookService:
    """Webhooks of workspaces. Every method refuses all but its managers.

    Raises:
        AuthorizationError: the caller does not manage the workspace.
        NotFoundError: there is no such webhook in it.
    """

    def __init__(
        self,
        database: Database,
        receivers: Receivers,
        secrets: SecretBox,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._database = database
        self._receivers = receivers
        self._secrets = secrets
        self._now = now

    async def create(self, caller: Grant, new: NewWebhook) -> MadeWebhook:
        """Create a webhook with a new secret.

        Raises:
            ResourceExhaustedError: the workspace has too many.
            ValidationError: a value is not permitted.
        """
        workspace_id = _managed(caller)
        new = replace(new, events=_checked_events(new.events))
        await self._check_url(new.url)
        webhook_id, secret = new_id("webhook"), signatures.new_secret()
        made = Identified(
            webhook_id=webhook_id,
            workspace_id=workspace_id,
            new=new,
            secret=self._secrets.lock(secret, webhook_id),
        )
        async with self._database.transaction() as connection:
            store = WebhookStore(connection)
            await store.lock(workspace_id)
            if len(await store.listed(workspace_id)) >= MOST_WEBHOOKS:
                raise ResourceExhaustedError(
                    f"The workspace has {MOST_WEBHOOKS} webhooks. Delete one first."
                )
            webhook = await store.add(made, self._now())
        audited.concerns(workspace_id, webhook_id)
        return MadeWebhook(webhook=webhook, secret=secret)

    async def listed(self, caller: Grant) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        workspace_id = _managed(caller)
        async with self._database.statements() as connection:
            return await WebhookStore(connection).listed(workspace_id)

    async def get(self, caller: Grant, webhook_id: str) -> Webhook:
        """Return one webhook."""
        workspace_id = _managed(caller)
        async with self._database.statements() as connection:
            return _found(await WebhookStore(connection).get(workspace_id, webhook_id))

    async def update(self, caller: Grant, webhook_id: str, changes: WebhookChanges) -> Webhook:
        """Change a webhook. Making it active sends the waiting events.

        Raises:
            ValidationError: a value is not permitted.
        """
        workspace_id = _managed(caller)
        if changes.events is not None:
            changes = replace(changes, events=_checked_events(changes.events))
        if changes.url is not None:
            await self._check_url(changes.url)
        now = self._now()
        async with self._database.transaction() as connection:
            if changes.active:
                await DeliveryLog(connection).send_waiting(workspace_id, webhook_id, now)
                give_work(connection, LOOP)
            store = WebhookStore(connection)
            changed = await store.update(workspace_id, webhook_id, changes, now)
        return _found(changed)

    async def rotate(self, caller: Grant, webhook_id: str, overlap_hours: int) -> MadeWebhook:
        """Make a new secret. The one before signs too for some hours.

        Raises:
            ValidationError: the hours are not permitted.
        """
        workspace_id = _managed(caller)
        if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
            raise ValidationError.of("overlap_hours", f"Use 0 to {MAX_OVERLAP_HOURS} hours.")
        now, secret = self._now(), signatures.new_secret()
        async with self._database.transaction() as connection:
            webhook = await WebhookStore(connection).rotate(
                workspace_id,
                webhook_id,
                self._secrets.lock(secret, webhook_id),
                until=now + dt.timedelta(hours=overlap_hours),
                now=now,
            )
        return MadeWebhook(webhook=_found(webhook), secret=secret)

    async def delete(self, caller: Grant, webhook_id: str) -> None:
        """Delete a webhook with its log. Nothing more is sent."""
        workspace_id = _managed(caller)
        async with self._database.transaction() as connection:
            if not await WebhookStore(connection).delete(workspace_id, webhook_id):
                raise _missing()

    async def test(self, caller: Grant, webhook_id: str) -> Delivery:
        """Send a message of the type `webhook.test`.

        Raises:
            ConflictError: the webhook is paused.
        """
        workspace_id = _managed(caller)
        async with self._database.transaction() as connection:
            await _active(connection, workspace_id, webhook_id)
            now = self._now()
            payload = payloads.of_test(webhook_id, now)
            return await DeliveryLog(connection).add(new_id("msg"), webhook_id, payload, now)

    async def deliveries(
        self,
        caller: Grant,
        webhook_id: str,
        *,
        state: DeliveryState | None,
        before: int | None,
        limit: int,
    ) -> Page:
        """Return deliveries with their attempts, the latest first."""
        workspace_id = _managed(caller)
        async with self._database.statements() as connection:
            _found(await WebhookStore(connection).get(workspace_id, webhook_id))
            found = await DeliveryLog(connection).page(
                workspace_id, webhook_id, state=state, before=before, limit=limit + 1
            )
        shown = found[:limit]
        return Page(deliveries=shown, next_before=shown[-1].number if len(found) > limit else None)

    async def send_again(self, caller: Grant, webhook_id: str, delivery_id: str) -> Delivery:
        """Send a delivery again, with the same id and new attempts.

        Raises:
            ConflictError: the webhook is paused, or the delivery is being sent at this moment.
        """
        workspace_id = _managed(caller)
        async with self._database.transaction() as connection:
            await _active(connection, workspace_id, webhook_id)
            log = DeliveryLog(connection)
            if not await log.exists(webhook_id, delivery_id):
                raise NotFoundError("There is no such delivery. The log keeps a week.")
            again = await log.send_again(workspace_id, webhook_id, delivery_id, self._now())
        if again is None:
            raise ConflictError("The delivery is being sent at this moment.")
        return again

    async def erase(self, workspace_id: str, _reason: str = "") -> None:
        """Delete everything of an erased workspace."""
        async with self._database.transaction() as connection:
            await WebhookStore(connection).erase(workspace_id)

    async def _check_url(self, url: str) -> None:
        try:
            await self._receivers.check(url)
        except ValueError as error:
            raise ValidationError.of("url", str(error)) from error


def _managed(caller: Grant) -> str:
    """Return the workspace managed by the caller."""
    rights.require(caller, caller.own_role, Right.MANAGE)
    return caller.workspace_id


def _checked_events(events: Sequence[str]) -> Sequence[str]:
    """Return the types in order, each once."""
    for event in events:
        if event not in EVENT_TYPES:
            raise ValidationError.of("events", f"Choose from {', '.join(EVENT_TYPES)}.")
    return [event for event in EVENT_TYPES if event in events]


async def _active(connection: Connection, workspace_id: str, webhook_id: str) -> None:
    webhook = _found(await WebhookStore(connection).get(workspace_id, webhook_id))
    if not webhook.active:
        raise ConflictError("The webhook is paused. Make it active first.")


def _found(webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise _missing()
    return webhook


def _missing() -> NotFoundError:
    return NotFoundError("There is no such webhook.")
