"""Webhooks by the JSON API, and events on their way from NATS to a receiver."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from common import bus
from common.events import EventPublisher
from securetranscribe.v1 import event_pb2
from tests.integration.gateway.conftest import Running, until
from tests.integration.gateway.webhooks.receivers import Receiver, answer, receiving

COMPLETED = ["job.completed"]


class Owner:
    """Somebody with an open session."""

    def __init__(self, client: httpx2.AsyncClient, workspace_id: str) -> None:
        self.client = client
        self.workspace_id = workspace_id

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the data of a successful request."""
        response = await self.client.request(method, f"/api/webhooks{path}", **options)
        assert response.status_code < 300, response.text
        return response.json()["data"]

    async def refused(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Return the error of a refused request."""
        response = await self.client.request(method, f"/api/webhooks{path}", **options)
        assert response.status_code >= 400, response.text
        return {"status": response.status_code, **response.json()["error"]}


@pytest.fixture
async def owner(running: Running) -> AsyncIterator[Owner]:
    async with running.client() as client:
        session = (await client.get("/api/sessions/current")).json()["data"]
        yield Owner(client, session["session_id"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def publisher(running: Running, nats: Client) -> EventPublisher:
    """Return a publisher, once the consumer of the gateway is there. It begins with new events."""
    stream = nats.jetstream()

    async def consumed() -> bool:
        try:
            await stream.consumer_info(bus.EVENTS_STREAM, bus.WEBHOOKS_CONSUMER)
        except NotFoundError:
            return False
        return True

    await until(consumed)
    return EventPublisher(nats, stream, source="transcriber")


def completed(workspace_id: str, transcription_id: int = 41) -> event_pb2.Event:
    data = event_pb2.JobCompleted(job_id="job_1", transcription_id=transcription_id)
    return event_pb2.Event(workspace_id=workspace_id, job_completed=data)


async def test_events_arrive_signed(
    owner: Owner, receiver: Receiver, publisher: EventPublisher
) -> None:
    made = await owner.ask("POST", "", json={"url": receiver.url, "events": COMPLETED})
    await publisher.publish(completed("session_of_somebody_else", 7))
    await publisher.publish(completed(owner.workspace_id))
    await until(lambda: bool(receiver.received))
    (received,) = receiver.received
    body = received.verified(made["secret"])
    assert body["type"] == "job.completed"
    assert body["data"]["transcription_id"] == 41
    path = f"/{made['webhook']['webhook_id']}/deliveries"

    async def logged() -> bool:
        return bool((await owner.ask("GET", path, params={"state": "delivered"}))["deliveries"])

    await until(logged)
    page = await owner.ask("GET", path)
    (delivery,) = page["deliveries"]
    assert delivery["delivery_id"] == received.headers["webhook-id"]
    assert (delivery["type"], delivery["state"]) == ("job.completed", "delivered")
    assert delivery["attempts"][0]["status"] == 200
    assert page["cursor"] is None


async def test_failed_delivery_is_repeated_after_seconds(
    owner: Owner, receiver: Receiver, publisher: EventPublisher
) -> None:
    receiver.answers = [answer(503, b"starting")]
    made = await owner.ask("POST", "", json={"url": receiver.url, "events": COMPLETED})
    await publisher.publish(completed(owner.workspace_id))
    await until(lambda: len(receiver.received) == 2)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    found = await owner.ask("GET", f"/{made['webhook']['webhook_id']}/deliveries")
    assert found["deliveries"][0]["attempts"][0]["error"] == "The receiver answered 503."
    assert found["deliveries"][0]["attempts"][0]["answer"] == "starting"


async def test_life_of_a_webhook(owner: Owner, receiver: Receiver) -> None:
    assert await owner.ask("GET", "") == {"webhooks": []}
    body = {"url": receiver.url, "events": ["job.failed", "job.completed"], "description": "CRM"}
    made = await owner.ask("POST", "", json=body)
    webhook = made["webhook"]
    one = f"/{webhook['webhook_id']}"
    assert webhook["events"] == ["job.completed", "job.failed"]
    assert (webhook["description"], webhook["active"]) == ("CRM", True)
    assert made["secret"].startswith("whsec_")
    assert await owner.ask("GET", one) == webhook
    assert await owner.ask("GET", "") == {"webhooks": [webhook]}
    assert made["secret"] not in json.dumps(await owner.ask("GET", ""))

    paused = await owner.ask("PUT", one, json={"active": False, "events": ["job.queued"]})
    assert (paused["active"], paused["paused_reason"]) == (False, None)
    assert paused["paused_at"] is not None
    assert paused["events"] == ["job.queued"]
    assert (await owner.refused("POST", f"{one}/test"))["status"] == 409
    assert (await owner.ask("PUT", one, json={"active": True}))["paused_at"] is None

    rotated = await owner.ask("POST", f"{one}/rotate")
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook"]["previous_secret_until"] is not None
    at_once = await owner.ask("POST", f"{one}/rotate", json={"overlap_hours": 0})
    assert at_once["webhook"]["previous_secret_until"] is None

    sent = await owner.ask("POST", f"{one}/test")
    assert (sent["type"], sent["state"]) == ("webhook.test", "waiting")
    await until(lambda: bool(receiver.received))
    assert receiver.received[0].verified(at_once["secret"])["data"] == {
        "webhook_id": webhook["webhook_id"]
    }
    delivered = f"{one}/deliveries/{sent['delivery_id']}/redeliver"

    async def again() -> bool:
        path = f"/api/webhooks{delivered}"
        return (await owner.client.post(path)).status_code == 202

    await until(again)
    await until(lambda: len(receiver.received) == 2)
    assert await owner.ask("DELETE", one) == {"webhook_id": webhook["webhook_id"]}
    assert (await owner.refused("GET", one))["status"] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/latest/"}, "url"),
        ({"url": "https://127.0.0.2/"}, "url"),
        ({"url": "https://me:secret@example.org/"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "x" * 2049}, "url"),
        ({"events": []}, "events"),
        ({"events": ["webhook.test"]}, "events.0"),
        ({"events": ["session.revoked"]}, "events.0"),
        ({"description": "x" * 201}, "description"),
        ({"active": "yes"}, "active"),
    ],
)
async def test_other_values_are_refused(
    owner: Owner, receiver: Receiver, change: dict[str, Any], field: str
) -> None:
    body = {"url": receiver.url, "events": COMPLETED}
    error = await owner.refused("POST", "", json={**body, **change})
    assert (error["status"], error["details"]["field"]) == (400, field)
    made = await owner.ask("POST", "", json=body)
    one = f"/{made['webhook']['webhook_id']}"
    error = await owner.refused("PUT", one, json=change)
    assert (error["status"], error["details"]["field"]) == (400, field)
    assert await owner.ask("GET", one) == made["webhook"]


async def test_workspaces_have_ten_webhooks_at_most(owner: Owner, receiver: Receiver) -> None:
    body = {"url": receiver.url, "events": COMPLETED}
    answers = await asyncio.gather(
        *(owner.client.post("/api/webhooks", json=body) for _ in range(12))
    )
    assert sorted(one.status_code for one in answers) == [201] * 10 + [503] * 2


async def test_others_find_nothing(running: Running, owner: Owner, receiver: Receiver) -> None:
    made = await owner.ask("POST", "", json={"url": receiver.url, "events": COMPLETED})
    one = f"/api/webhooks/{made['webhook']['webhook_id']}"
    async with running.client() as other:
        assert (await other.get("/api/webhooks")).json()["data"] == {"webhooks": []}
        for method, path, body in (
            ("GET", one, None),
            ("PUT", one, {"active": False}),
            ("DELETE", one, None),
            ("POST", f"{one}/rotate", None),
            ("POST", f"{one}/test", None),
            ("GET", f"{one}/deliveries", None),
            ("POST", f"{one}/deliveries/msg_1/redeliver", None),
        ):
            assert (await other.request(method, path, json=body)).status_code == 404
    assert await owner.ask("GET", f"/{made['webhook']['webhook_id']}") == made["webhook"]
