"""Events sent to addresses of the workspace."""

from collections.abc import Sequence
from typing import Any

from securetranscribe import results
from securetranscribe.methods import nothing, operation, record, records
from securetranscribe.steps import Parts, present

_ONE = "/webhooks/{webhook_id}"


class WebhookCalls:
    """Calls about webhooks, for managers of a workspace."""

    @operation("GET", "/webhooks", records(results.WebhookData, key="webhooks"))
    def list_webhooks(self) -> Parts:
        """Return the webhooks of the workspace."""
        return Parts()

    @operation("POST", "/webhooks", record(results.SecretData))
    def create_webhook(self, /, url: str, events: Sequence[str], **fields: Any) -> Parts:
        """Create a webhook for types of events. Return it with its `secret`, shown only here.

        `fields` are `description` and `active`.
        """
        return Parts(json={"url": url, "events": list(events), **fields})

    @operation("GET", _ONE, record(results.WebhookData))
    def get_webhook(self, webhook_id: str) -> Parts:
        """Return a webhook."""
        return Parts()

    @operation("PUT", _ONE, record(results.WebhookData))
    def update_webhook(self, /, webhook_id: str, **changes: Any) -> Parts:
        """Change a webhook. Absent fields stay as they are."""
        return Parts(json=changes)

    @operation("DELETE", _ONE, nothing())
    def delete_webhook(self, webhook_id: str) -> Parts:
        """Delete a webhook."""
        return Parts()

    @operation("POST", f"{_ONE}/rotate", record(results.SecretData))
    def rotate_webhook_secret(self, /, webhook_id: str, **options: Any) -> Parts:
        """Give a webhook another secret. The former one is valid for `overlap_hours` more."""
        return Parts(json=options or None)

    @operation("POST", f"{_ONE}/test", record(results.DeliveryData))
    def test_webhook(self, webhook_id: str) -> Parts:
        """Send a test event."""
        return Parts()

    @operation("GET", f"{_ONE}/deliveries", record(results.DeliveryPage))
    def list_deliveries(
        self,
        webhook_id: str,
        *,
        state: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Parts:
        """Return a page of the delivery log, the latest first."""
        return Parts(query=present(state=state, limit=limit, cursor=cursor))

    @operation("POST", f"{_ONE}/deliveries/{{delivery_id}}/redeliver", record(results.DeliveryData))
    def redeliver(self, webhook_id: str, delivery_id: str) -> Parts:
        """Send an event again."""
        return Parts()
