"""Endpoints of webhooks."""

from typing import Annotated

from fastapi import Path, Query

from common.identity import Grant
from gateway.api.parameters import Caller, EmptyIsNone, Text
from gateway.api.webhook_models import (
    DeletedWebhookData,
    DeliveryData,
    DeliveryPage,
    RotationBody,
    SecretData,
    State,
    WebhookBody,
    WebhookData,
    WebhookList,
    WebhookUpdateBody,
    delivery_data,
    webhook_data,
)
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.webhooks.service import MAX_PAGE, WebhookService
from gateway.webhooks.store import NewWebhook, WebhookChanges
from gateway.webhooks.webhook import DeliveryState

_TAG = "Webhooks"
_PRINTABLE = r"^[!-~]+$"
_WebhookId = Annotated[str, Path(max_length=64, description="Webhook ID.", pattern=_PRINTABLE)]
_DeliveryId = Annotated[str, Path(max_length=64, description="Delivery ID.", pattern=_PRINTABLE)]
_ONE = "/webhooks/{webhook_id}"


class WebhookApi:
    """Webhooks of a workspace, for its managers."""

    def __init__(self, service: WebhookService) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/webhooks",
                handler=self.list_webhooks,
                summary="List webhooks",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/webhooks",
                handler=self.create_webhook,
                summary="Create a webhook",
                tag=_TAG,
                status=201,
            ),
            Endpoint(
                method="GET",
                path=_ONE,
                handler=self.get_webhook,
                summary="Get a webhook",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="PUT",
                path=_ONE,
                handler=self.update_webhook,
                summary="Change, pause or resume a webhook",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="DELETE",
                path=_ONE,
                handler=self.delete_webhook,
                summary="Delete a webhook",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path=f"{_ONE}/rotate",
                handler=self.rotate_webhook_secret,
                summary="Replace the secret of a webhook",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path=f"{_ONE}/test",
                handler=self.test_webhook,
                summary="Send a test",
                tag=_TAG,
                status=202,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path=f"{_ONE}/deliveries",
                handler=self.list_webhook_deliveries,
                summary="List deliveries",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path=f"{_ONE}/deliveries/{{delivery_id}}/redeliver",
                handler=self.redeliver_webhook_delivery,
                summary="Send a delivery again",
                tag=_TAG,
                status=202,
                errors=(404, 409),
            ),
        ]

    async def list_webhooks(self, caller: Caller) -> Success[WebhookList]:
        """Return the webhooks of the active workspace. For its managers, like all of them."""
        found = await self._service.listed(Grant.copy(caller))
        data = WebhookList(webhooks=[webhook_data(one) for one in found])
        return Success[WebhookList].of(data, "Webhooks retrieved")

    async def create_webhook(self, caller: Caller, body: WebhookBody) -> Success[SecretData]:
        """Create a webhook and return its secret, once.

        Requests to it are signed as Standard Webhooks describe. They have identifiers and figures,
        and no text of a transcript.
        """
        new = NewWebhook(
            url=body.url, events=body.events, description=body.description, active=body.active
        )
        made = await self._service.create(Grant.copy(caller), new)
        data = SecretData(webhook=webhook_data(made.webhook), secret=made.secret)
        return Success[SecretData].of(data, "Webhook created")

    async def get_webhook(self, webhook_id: _WebhookId, caller: Caller) -> Success[WebhookData]:
        """Return one webhook, with the reason if it was paused."""
        found = await self._service.get(Grant.copy(caller), webhook_id)
        return Success[WebhookData].of(webhook_data(found), "Webhook retrieved")

    async def update_webhook(
        self, webhook_id: _WebhookId, caller: Caller, body: WebhookUpdateBody
    ) -> Success[WebhookData]:
        """Change a webhook. While it is paused, events wait for four days at most."""
        changes = WebhookChanges(
            url=body.url, events=body.events, description=body.description, active=body.active
        )
        changed = await self._service.update(Grant.copy(caller), webhook_id, changes)
        return Success[WebhookData].of(webhook_data(changed), "Webhook updated")

    async def delete_webhook(
        self, webhook_id: _WebhookId, caller: Caller
    ) -> Success[DeletedWebhookData]:
        """Delete a webhook with its log. Nothing more is sent to it."""
        await self._service.delete(Grant.copy(caller), webhook_id)
        data = DeletedWebhookData(webhook_id=webhook_id)
        return Success[DeletedWebhookData].of(data, "Webhook deleted")

    async def rotate_webhook_secret(
        self, webhook_id: _WebhookId, caller: Caller, body: RotationBody | None = None
    ) -> Success[SecretData]:
        """Make a new secret and return it, once. The one before signs too for some hours."""
        overlap_hours = (body or RotationBody.model_construct()).overlap_hours
        made = await self._service.rotate(Grant.copy(caller), webhook_id, overlap_hours)
        data = SecretData(webhook=webhook_data(made.webhook), secret=made.secret)
        return Success[SecretData].of(data, "Secret replaced")

    async def test_webhook(self, webhook_id: _WebhookId, caller: Caller) -> Success[DeliveryData]:
        """Send a message of the type `webhook.test`. The deliveries show its outcome."""
        sent = await self._service.test(Grant.copy(caller), webhook_id)
        return Success[DeliveryData].of(delivery_data(sent), "Test queued")

    async def list_webhook_deliveries(
        self,
        *,
        webhook_id: _WebhookId,
        caller: Caller,
        state: Annotated[
            State | None, EmptyIsNone, Query(description="Only in this state.")
        ] = None,
        limit: Annotated[
            int, Query(ge=1, le=MAX_PAGE, description="Maximum number of deliveries.")
        ] = 50,
        cursor: Annotated[
            Text,
            Query(pattern=r"^[0-9]{0,18}$", description="`cursor` of the page before."),
        ] = "",
    ) -> Success[DeliveryPage]:
        """Return deliveries with their attempts, the latest first. They are kept for a week."""
        page = await self._service.deliveries(
            Grant.copy(caller),
            webhook_id,
            state=DeliveryState(state) if state else None,
            before=int(cursor) if cursor else None,
            limit=limit,
        )
        data = DeliveryPage(
            deliveries=[delivery_data(one) for one in page.deliveries],
            cursor=None if page.next_before is None else str(page.next_before),
        )
        return Success[DeliveryPage].of(data, "Deliveries retrieved")

    async def redeliver_webhook_delivery(
        self, webhook_id: _WebhookId, delivery_id: _DeliveryId, caller: Caller
    ) -> Success[DeliveryData]:
        """Send a delivery once more, with the same `webhook-id`, also after a success."""
        sent = await self._service.send_again(Grant.copy(caller), webhook_id, delivery_id)
        return Success[DeliveryData].of(delivery_data(sent), "Delivery queued")
