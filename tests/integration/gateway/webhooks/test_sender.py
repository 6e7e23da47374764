"""Deliveries: at least once, each receiver by itself, with growing pauses.

The clock of these tests is a year ahead, so that gateways of other tests leave their deliveries
alone.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.errors import ConflictError, NotFoundError
from common.identity import Grant
from common.postgres import Database
from gateway.webhooks import sender as sending
from gateway.webhooks.addresses import PermittedNetworks
from gateway.webhooks.delivery_log import DeliveryLog
from gateway.webhooks.delivery_queue import DeliveryQueue
from gateway.webhooks.payloads import Payload
from gateway.webhooks.receiver import Receivers
from gateway.webhooks.retries import MOST_TRIES, PAUSES
from gateway.webhooks.sender import LEASE, Sender
from gateway.webhooks.service import MadeWebhook, WebhookService
from gateway.webhooks.signatures import SecretBox
from gateway.webhooks.store import NewWebhook, WebhookChanges
from gateway.webhooks.upkeep import WebhookUpkeep
from gateway.webhooks.webhook import Delivery, DeliveryState, Webhook
from tests.integration.emptying import empty
from tests.integration.gateway.conftest import until
from tests.integration.gateway.webhooks.receivers import Receiver, answer, receiving

HERE = PermittedNetworks.parse(["127.0.0.1"])
PAYLOAD = Payload(type="job.completed", body='{"type":"job.completed"}')


class World:
    """One workspace, and a clock."""

    def __init__(self, database: Database) -> None:
        self.time = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=365)
        self.database = database
        # Longer than any test takes, so that no busy machine fails a delivery.
        self.receivers = Receivers(HERE, version="1", timeout=300)
        self.caller = Grant.of(f"session_{uuid.uuid4().hex}")
        self.secrets = SecretBox("k" * 32)
        self.service = WebhookService(database, self.receivers, self.secrets, now=self.now)
        self.sender = self.another_sender()

    def now(self) -> dt.datetime:
        return self.time

    def another_sender(self, secret_key: str = "k" * 32) -> Sender:
        return Sender(self.database, self.receivers, SecretBox(secret_key), now=self.now)

    def wait(self, **period: float) -> None:
        self.time += dt.timedelta(**period)

    async def create(self, receiver: Receiver) -> MadeWebhook:
        new = NewWebhook(url=receiver.url, events=["job.completed"])
        return await self.service.create(self.caller, new)

    async def note(self, event_id: str = "", payload: Payload = PAYLOAD) -> int:
        async with self.database.transaction() as connection:
            return await DeliveryQueue(connection).note(
                self.caller.workspace_id, event_id or uuid.uuid4().hex, payload, self.time
            )

    async def send(self, sender: Sender | None = None) -> None:
        """Send all due deliveries."""
        one = sender or self.sender
        await one.step()
        while one._tasks:
            await asyncio.wait(list(one._tasks))
            await one.step()

    async def webhook(self, made: MadeWebhook) -> Webhook:
        return await self.service.get(self.caller, made.webhook.webhook_id)

    async def log(self, made: MadeWebhook, **values: Any) -> list[Delivery]:
        page = await self.service.deliveries(
            self.caller,
            made.webhook.webhook_id,
            **{"state": None, "before": None, "limit": 100, **values},
        )
        return list(page.deliveries)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    await empty(database, "webhooks")
    one = World(database)
    yield one
    await one.sender.close(0)
    await one.receivers.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def test_event_is_sent_once_and_signed(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    assert await world.note("event_1") == 1
    assert await world.note("event_1") == 0
    await world.send()
    await world.send()
    (received,) = receiver.received
    assert received.body == PAYLOAD.body
    (delivery,) = await world.log(made)
    assert received.headers["webhook-id"] == delivery.delivery_id
    assert received.headers["webhook-timestamp"] == str(int(world.time.timestamp()))
    assert (delivery.state, delivery.event_id) == (DeliveryState.DELIVERED, "event_1")
    (attempt,) = delivery.attempts
    assert (attempt.attempt, attempt.status, attempt.error, attempt.answer) == (1, 200, "", "ok")


async def test_only_chosen_events_of_the_workspace_are_noted(
    world: World, receiver: Receiver, database: Database
) -> None:
    await world.create(receiver)
    assert await world.note(payload=Payload(type="job.failed", body="{}")) == 0
    assert await World(database).note() == 0


async def test_failures_are_tried_again_with_growing_pauses(
    world: World, receiver: Receiver
) -> None:
    made = await world.create(receiver)
    receiver.answers = [answer(500)] * (MOST_TRIES - 1)
    await world.note()
    for number, pause in enumerate(PAUSES, start=1):
        await world.send()
        assert len(receiver.received) == number
        world.wait(seconds=0.89 * pause)
        await world.send()
        assert len(receiver.received) == number, "the pause is not kept"
        world.wait(seconds=0.22 * pause)
    assert (await world.webhook(made)).failures == MOST_TRIES - 1
    await world.send()
    (delivery,) = await world.log(made)
    assert delivery.state is DeliveryState.DELIVERED
    assert [attempt.status for attempt in delivery.attempts] == [500] * 9 + [200]
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    webhook = await world.webhook(made)
    assert (webhook.active, webhook.failures, webhook.failing_since) == (True, 0, None)


async def fail_for_good(world: World) -> None:
    """Let the waiting deliveries fail until they are given up."""
    for pause in (*PAUSES, 0):
        await world.send()
        world.wait(seconds=1.2 * pause)


async def test_webhook_that_fails_for_days_is_paused_and_resumed(
    world: World, receiver: Receiver
) -> None:
    made = await world.create(receiver)
    receiver.answers = [answer(500, b"broken")] * MOST_TRIES
    await world.note("event_1")
    await fail_for_good(world)
    webhook = await world.webhook(made)
    assert not webhook.active
    assert webhook.paused_reason == (
        "Nothing was delivered for days. The last attempt: The receiver answered 500."
    )
    (delivery,) = await world.log(made)
    assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.FAILED, None)
    assert delivery.attempts[-1].answer == "broken"

    # Events wait until somebody resumes it.
    await world.note("event_2")
    await world.send()
    assert len(receiver.received) == MOST_TRIES
    with pytest.raises(ConflictError, match="paused"):
        await world.service.test(world.caller, made.webhook.webhook_id)
    resumed = await world.service.update(
        world.caller, made.webhook.webhook_id, WebhookChanges(active=True)
    )
    assert (resumed.active, resumed.paused_reason, resumed.failures) == (True, "", 0)
    await world.send()
    assert len(receiver.received) == MOST_TRIES + 1
    states = [delivery.state for delivery in await world.log(made)]
    assert states == [DeliveryState.DELIVERED, DeliveryState.FAILED]


async def test_resuming_sends_what_waits_for_another_attempt(
    world: World, receiver: Receiver
) -> None:
    made = await world.create(receiver)
    webhook_id = made.webhook.webhook_id
    receiver.answers = [answer(500)]
    await world.note()
    await world.send()
    # An active one keeps the pause before the next attempt.
    await world.service.update(world.caller, webhook_id, WebhookChanges(active=True))
    await world.send()
    assert len(receiver.received) == 1
    for active in (False, True):
        await world.service.update(world.caller, webhook_id, WebhookChanges(active=active))
    await world.send()
    assert [one.state for one in await world.log(made)] == [DeliveryState.DELIVERED]


async def test_one_delivery_that_always_fails_pauses_nothing(
    world: World, receiver: Receiver
) -> None:
    made = await world.create(receiver)
    await world.note("bad")
    for pause in (*PAUSES, 0):
        receiver.answers = [answer(500), answer(200)]
        await world.send()
        await world.note()
        await world.send()
        world.wait(seconds=1.2 * pause)
    assert (await world.webhook(made)).active
    bad = [one for one in await world.log(made) if one.event_id == "bad"]
    assert [one.state for one in bad] == [DeliveryState.FAILED]


async def test_receiver_that_is_gone_gets_nothing_more(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    receiver.answers = [answer(410)]
    await world.note()
    await world.note()
    world.sender.wake_up.notify()
    await world.sender.step()
    await asyncio.wait(list(world.sender._tasks))
    await world.send()
    webhook = await world.webhook(made)
    assert (webhook.active, "410" in webhook.paused_reason) == (False, True)
    assert {one.state for one in await world.log(made)} <= {
        DeliveryState.FAILED,
        DeliveryState.DELIVERED,
    }


async def test_retry_after_holds_all_deliveries(world: World, receiver: Receiver) -> None:
    await world.create(receiver)
    receiver.answers = [answer(429, Retry_After="600")]
    await world.note()
    await world.send()
    await world.note()
    world.wait(seconds=590)
    await world.send()
    assert len(receiver.received) == 1
    world.wait(seconds=11)
    await world.send()
    assert len(receiver.received) == 3


async def test_redirect_is_a_failure(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    receiver.answers = [answer(302, location="http://127.0.0.1:1/")]
    await world.note()
    await world.send()
    (delivery,) = await world.log(made)
    assert delivery.attempts[0].error == "The receiver answered 302. Redirects are not followed."
    assert delivery.state is DeliveryState.WAITING


async def test_slow_receivers_delay_no_others(world: World, receiver: Receiver) -> None:
    async with receiving() as slow:
        slow.silent = True
        await world.create(slow)
        await world.create(receiver)
        for _ in range(10):
            await world.note()
        async with asyncio.timeout(20):
            while len(receiver.received) < 10:
                await world.sender.step()
                await asyncio.sleep(0.01)
        await until(lambda: len(slow.received) == 2)
        assert slow.at_once == 2, "the slow one has not answered"
        assert receiver.most_at_once <= 2


async def test_failing_receivers_leave_room_for_others(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 4)
    monkeypatch.setattr(sending, "MOST_TO_FAILING", 2)
    async with receiving() as slow:
        slow.silent = True
        for _ in range(9):
            await world.create(slow)
        await world.database.execute("UPDATE webhooks SET failures = 3")
        await world.note()
        async with asyncio.timeout(20):
            while slow.at_once < 2:
                await world.sender.step()
                await asyncio.sleep(0.01)
        await world.create(receiver)
        await world.note()
        async with asyncio.timeout(20):
            while not receiver.received:
                await world.sender.step()
                await asyncio.sleep(0.01)
        await until(lambda: len(slow.received) >= 2)
        assert len(slow.received) == 2


async def test_two_replicas_share_the_work(world: World, receiver: Receiver) -> None:
    for _ in range(8):
        await world.create(receiver)
    await world.note()
    other = world.another_sender()
    await asyncio.gather(world.send(), world.send(other))
    ids = [received.headers["webhook-id"] for received in receiver.received]
    assert len(ids) == len(set(ids)) == 8


async def test_delivery_of_a_process_that_died_is_sent_by_another(
    world: World, receiver: Receiver
) -> None:
    made = await world.create(receiver)
    await world.note()
    async with world.database.transaction() as connection:
        leased = await DeliveryQueue(connection).lease(
            limit=9, each=2, to_failing=False, now=world.time, until=world.time + LEASE
        )
    assert len(leased) == 1
    await world.send()
    assert receiver.received == []
    world.wait(seconds=LEASE.total_seconds() + 1)
    await world.send()
    (delivery,) = await world.log(made)
    assert [attempt.attempt for attempt in delivery.attempts] == [2]


async def test_delivery_that_kills_processes_is_given_up(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    await world.note()
    await world.database.execute("UPDATE webhook_deliveries SET tries = %s", (MOST_TRIES,))
    await world.send()
    (delivery,) = await world.log(made)
    assert (delivery.state, receiver.received) == (DeliveryState.FAILED, [])
    assert delivery.attempts[0].error == "The process ended at each attempt."


async def test_stopped_process_gives_its_deliveries_back(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    receiver.silent = True
    await world.note()
    await world.sender.step()
    await until(lambda: bool(receiver.received))
    await world.sender.close(0)
    receiver.silent = False
    await world.send(world.another_sender())
    (delivery,) = await world.log(made)
    assert (delivery.state, len(receiver.received)) == (DeliveryState.DELIVERED, 2)
    assert [attempt.attempt for attempt in delivery.attempts] == [1]


async def test_rotation_signs_with_both_secrets_for_a_while(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(dt.datetime):
        """Clock of the official library, which refuses other times than its own."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(world.time.timestamp(), tz)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Clock)
    made = await world.create(receiver)
    webhook_id = made.webhook.webhook_id
    rotated = await world.service.rotate(world.caller, webhook_id, 24)
    assert rotated.secret != made.secret
    await world.note()
    await world.send()
    (received,) = receiver.received
    for secret in (made.secret, rotated.secret):
        assert received.verified(secret) == {"type": "job.completed"}
    world.wait(hours=25)
    await world.note()
    await world.send()
    assert receiver.received[-1].headers["webhook-signature"].count("v1,") == 1
    await WebhookUpkeep(world.database, now=world.now).step()
    kept = await world.database.fetch_one("SELECT previous_secret FROM webhooks")
    assert kept == {"previous_secret": None}


async def test_secrets_are_unreadable_in_the_database(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    row = await world.database.fetch_one("SELECT * FROM webhooks")
    assert row is not None
    assert made.secret not in repr(row)
    assert made.secret.removeprefix("whsec_").encode() not in bytes(row["secret"])
    assert made.secret not in repr(made)


async def test_replaced_secret_key_pauses_with_a_reason(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    await world.note()
    await world.send(world.another_sender("another key " * 3))
    webhook = await world.webhook(made)
    assert (webhook.active, "SECRET_KEY" in webhook.paused_reason) == (False, True)
    rotated = await world.service.rotate(world.caller, made.webhook.webhook_id, 0)
    await world.service.update(world.caller, made.webhook.webhook_id, WebhookChanges(active=True))
    await world.send()
    assert len(receiver.received) == 1
    assert rotated.webhook.previous_until is None


async def test_delivery_is_sent_again_with_its_id(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    await world.note()
    await world.send()
    (delivery,) = await world.log(made)
    webhook_id = made.webhook.webhook_id
    again = await world.service.send_again(world.caller, webhook_id, delivery.delivery_id)
    assert again.state is DeliveryState.WAITING
    await world.send()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    (delivery,) = await world.log(made)
    assert [attempt.attempt for attempt in delivery.attempts] == [1, 2]
    with pytest.raises(NotFoundError):
        await world.service.send_again(world.caller, webhook_id, "msg_unknown")


async def test_log_has_pages_and_states(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    for number in range(5):
        await world.note(f"event_{number}")
    await world.send()
    await world.note("event_5")
    webhook_id = made.webhook.webhook_id
    page = await world.service.deliveries(
        world.caller, webhook_id, state=None, before=None, limit=4
    )
    assert [one.event_id for one in page.deliveries] == ["event_5", "event_4", "event_3", "event_2"]
    rest = await world.service.deliveries(
        world.caller, webhook_id, state=None, before=page.next_before, limit=4
    )
    assert [one.event_id for one in rest.deliveries] == ["event_1", "event_0"]
    assert rest.next_before is None
    (waiting,) = await world.log(made, state=DeliveryState.WAITING)
    assert waiting.event_id == "event_5"


async def test_old_deliveries_end_and_are_forgotten(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    webhook_id = made.webhook.webhook_id
    await world.service.update(world.caller, webhook_id, WebhookChanges(active=False))
    await world.note()
    upkeep = WebhookUpkeep(world.database, now=world.now)
    world.wait(days=3.9)
    await upkeep.step()
    assert [one.state for one in await world.log(made)] == [DeliveryState.WAITING]
    world.wait(days=0.2)
    await upkeep.step()
    assert [one.state for one in await world.log(made)] == [DeliveryState.FAILED]
    world.wait(days=7.1)
    await upkeep.step()
    assert await world.log(made) == []


async def test_waiting_deliveries_are_limited(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create(receiver)
    monkeypatch.setattr("gateway.webhooks.delivery_queue.MOST_WAITING", 2)
    assert [await world.note() for _ in range(3)] == [1, 1, 0]


async def test_erased_workspace_leaves_nothing(
    world: World, receiver: Receiver, database: Database
) -> None:
    await world.create(receiver)
    await world.note()
    await world.send()
    kept = World(database)
    await kept.create(receiver)
    await world.service.erase(world.caller.workspace_id, "session invalidated")
    left = await database.fetch_one(
        "SELECT (SELECT count(*) FROM webhooks) AS webhooks,"
        " (SELECT count(*) FROM webhook_deliveries) AS deliveries,"
        " (SELECT count(*) FROM webhook_attempts) AS attempts"
    )
    assert left == {"webhooks": 1, "deliveries": 0, "attempts": 0}
    await kept.receivers.close()


async def test_test_message_belongs_to_no_event(world: World, receiver: Receiver) -> None:
    made = await world.create(receiver)
    sent = await world.service.test(world.caller, made.webhook.webhook_id)
    async with world.database.transaction() as connection:
        assert await DeliveryLog(connection).exists(made.webhook.webhook_id, sent.delivery_id)
    await world.send()
    assert '"type":"webhook.test"' in receiver.received[0].body
