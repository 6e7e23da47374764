"""Steps over messages that are stopped, or whose server fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
import pytest

from common.background.attempts import ItemAttempts
from common.background.message_steps import Message, MessageStep
from common.background.wakeups import WakeUp


class Consumer:
    """Has no messages."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.error: Exception | None = None
        self.left = False
        self.patience: list[float] = []

    async def fetch(self, batch: int, *, timeout: float) -> list[Any]:  # noqa: ASYNC109
        self.asked.set()
        self.patience.append(timeout)
        if self.error is not None:
            raise self.error
        return await asyncio.Event().wait()  # type: ignore[return-value]

    async def unsubscribe(self) -> None:
        self.left = True
        raise nats.errors.ConnectionClosedError


class Database:
    """Has no messages either."""

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[None]:
        yield None


class Letters(MessageStep):
    """Step over the messages of the last consumer."""

    name = "letters"
    items = "letters"
    outcome = "It is kept."

    def __init__(self) -> None:
        super().__init__(Database(), None)  # type: ignore[arg-type]
        self.consumers: list[Consumer] = []
        self.subscribed = asyncio.Event()
        self.error: Exception | None = None

    async def subscribe(self) -> Any:
        self.consumers.append(Consumer())
        self.consumers[-1].error = self.error
        self.subscribed.set()
        return self.consumers[-1]

    async def handle(self, message: Message) -> None:
        raise AssertionError(message)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Letters:
    async def none(*_: object) -> None:
        return None

    monkeypatch.setattr(ItemAttempts, "claim_message", none)
    return Letters()


async def test_stopped_step_leaves_no_request(letters: Letters) -> None:
    """The server would answer it with a message, which other replicas get a minute later."""
    stepping = asyncio.create_task(letters.step())
    await letters.subscribed.wait()
    (consumer,) = letters.consumers
    await consumer.asked.wait()
    assert not consumer.left

    stepping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stepping

    assert consumer.left


async def test_failing_step_leaves_its_consumer_for_another(letters: Letters) -> None:
    letters.error = nats.errors.NoRespondersError()
    for _ in range(2):
        with pytest.raises(nats.errors.NoRespondersError):
            await letters.step()
    assert [consumer.left for consumer in letters.consumers] == [True, True]


async def test_step_without_messages_keeps_its_consumer(letters: Letters) -> None:
    letters.error = nats.errors.TimeoutError()
    for _ in range(2):
        await letters.step()
    assert [consumer.left for consumer in letters.consumers] == [False]


async def test_step_does_not_wait_for_messages_while_others_are_due(letters: Letters) -> None:
    letters.error = nats.errors.TimeoutError()
    again = WakeUp()
    letters.use(again)
    await letters.step()
    again.notify()  # as when the time of a failed message comes during a step
    await letters.step()
    (consumer,) = letters.consumers
    assert consumer.patience == [10.0, pytest.approx(0, abs=0.1)]
    assert min(consumer.patience) > 0, "the client refuses that"
