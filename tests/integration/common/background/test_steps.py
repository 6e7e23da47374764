"""Bookkeeping of background steps, with a step over the rows of a small table."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus
from common.background import set_aside
from common.background.attempts import ItemAttempts
from common.background.message_steps import Message, MessageStep
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import UnavailableError
from common.postgres import Connection, Database, execute, fetch_all
from tests.integration.serving import migrated

_SETUP = """
CREATE TABLE IF NOT EXISTS chores (
    name text PRIMARY KEY, done integer NOT NULL DEFAULT 0, note text)
"""
_ADD = "INSERT INTO chores (name) SELECT unnest(%s::text[])"
_DUE = """
SELECT name FROM chores WHERE done = 0 AND NOT item_rests('chores', name) ORDER BY name LIMIT %s
"""
_DUE_NOW = "UPDATE item_attempts SET next_attempt_at = now() - interval '1 second'"
_LONG_AGO = "UPDATE item_attempts SET first_attempt_at = now() - interval '2 days'"
_ATTEMPTS = "SELECT item, attempts, outages, error FROM item_attempts ORDER BY item"


class Chores(ItemStep[str]):
    """Does each chore once, or raises an error for chores marked so."""

    name = "chores"
    items = "chores"
    outcome = "The chore has a note."
    policy: ClassVar[Policy] = Policy(most_attempts=3, timeout=30.0, at_a_time=2)

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.raises: dict[str, BaseException] = {}
        self.handled: list[str] = []
        self.begun = asyncio.Event()
        self.held: set[str] = set()

    def key(self, item: str) -> str:
        return item

    async def due(self, connection: Connection, limit: int) -> Sequence[str]:
        return [row["name"] for row in await fetch_all(connection, _DUE, (limit,))]

    async def handle(self, item: str) -> None:
        self.handled.append(item)
        if item in self.held:
            self.begun.set()
            await asyncio.Event().wait()
        if item in self.raises:
            raise self.raises[item]
        await self._database.execute("UPDATE chores SET done = done + 1 WHERE name = %s", (item,))

    async def set_aside(self, connection: Connection, item: str) -> None:
        await execute(connection, "UPDATE chores SET note = 'given up' WHERE name = %s", (item,))


class BadNotice(Chores):
    """Step whose notice to the owner fails as well."""

    async def set_aside(self, connection: Connection, item: str) -> None:
        raise ZeroDivisionError


@pytest.fixture
async def database(postgres_url: Callable[[str], str]) -> AsyncIterator[Database]:
    async with migrated(postgres_url("speakers"), "speakers") as database:
        await database.execute(_SETUP)
        await database.execute("TRUNCATE chores, item_attempts")
        yield database
        await database.execute("TRUNCATE item_attempts")
        await database.execute("DROP TABLE chores")


async def add(database: Database, *names: str) -> None:
    await database.execute(_ADD, (list(names),))


async def done(database: Database) -> list[str]:
    rows = await database.fetch_all("SELECT name FROM chores WHERE done = 1 ORDER BY name")
    return [row["name"] for row in rows]


async def test_completed_items_leave_no_rows(database: Database) -> None:
    await add(database, *"abcde")
    await Chores(database).step()
    assert await done(database) == list("abcde")
    assert await database.fetch_all(_ATTEMPTS) == []


async def test_outage_ends_the_round_and_is_not_charged(database: Database) -> None:
    await add(database, *"abcde")
    chores = Chores(database)
    chores.raises["a"] = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await chores.step()
    assert await done(database) == ["b"]
    (row,) = await database.fetch_all(_ATTEMPTS)
    assert (row["item"], row["attempts"], row["outages"], row["error"]) == ("a", 0, 1, "away")
    await chores.step()
    assert await done(database) == list("bcde"), "the others do not wait for it"


async def test_item_with_a_day_of_outages_is_charged(database: Database) -> None:
    await add(database, "a")
    chores = Chores(database)
    chores.raises["a"] = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await chores.step()
    await database.execute(_LONG_AGO)
    for _ in range(3):
        await database.execute(_DUE_NOW)
        await chores.step()
    assert len(chores.handled) == 4
    async with database.transaction() as connection:
        (aside,) = await ItemAttempts(connection).aside()
    assert (aside.item, aside.attempts, aside.error) == ("a", 3, "away")


async def test_attempt_has_a_time_limit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other item takes a statement of a busy server.
    monkeypatch.setattr(Chores, "policy", Policy(timeout=1.0))
    await add(database, "a", "b")
    chores = Chores(database)
    chores.held = {"a"}
    await chores.step()
    assert await done(database) == ["b"]
    (row,) = await database.fetch_all(_ATTEMPTS)
    assert (row["attempts"], row["error"]) == (1, "It took longer than 1 seconds.")


async def test_stopping_process_does_not_charge_the_item(database: Database) -> None:
    await add(database, "a")
    chores = Chores(database)
    chores.held = {"a"}
    stepping = asyncio.create_task(chores.step())
    await chores.begun.wait()
    stepping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stepping
    (row,) = await database.fetch_all(_ATTEMPTS)
    assert row["attempts"] == 0
    chores.held = set()
    await chores.step()
    assert await done(database) == ["a"]


async def test_replicas_handle_each_item_once(database: Database) -> None:
    names = [f"{number:03}" for number in range(60)]
    await add(database, *names)
    replicas = [Chores(database) for _ in range(4)]
    await asyncio.gather(*(replica.step() for replica in replicas))
    await Chores(database).step()
    assert sorted(name for replica in replicas for name in replica.handled) == names
    assert await done(database) == names


async def test_item_is_set_aside_even_if_its_owner_cannot_be_notified(database: Database) -> None:
    await add(database, "a")
    chores = BadNotice(database)
    chores.raises["a"] = MemoryError()
    for _ in range(3):
        await database.execute(_DUE_NOW)
        await chores.step()
    async with database.transaction() as connection:
        (aside,) = await ItemAttempts(connection).aside()
    assert (aside.step, aside.error) == ("chores", "MemoryError")


async def test_new_work_resets_attempts(database: Database) -> None:
    await add(database, "a")
    chores = Chores(database)
    chores.raises["a"] = MemoryError()
    for _ in range(3):
        await database.execute(_DUE_NOW)
        await chores.step()
    async with database.transaction() as connection:
        await ItemAttempts(connection).forget(["other", "chores"], "a")
    chores.raises.clear()
    await chores.step()
    assert await done(database) == ["a"]


async def test_command_lists_and_retries(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await add(database, "a", "b")
    chores = Chores(database)
    chores.raises = {"a": MemoryError(), "b": MemoryError()}
    for _ in range(3):
        await database.execute(_DUE_NOW)
        await chores.step()

    async def command(*words: str) -> int:
        parser = argparse.ArgumentParser()
        set_aside.add_arguments(parser)
        return await set_aside.run(database, parser.parse_args(words))

    capsys.readouterr()
    assert await command("list") == 0
    listed = capsys.readouterr().out.splitlines()
    rows = sorted(line.split()[:3] for line in listed[1:])
    assert rows == [["chores", "a", "3"], ["chores", "b", "3"]]
    assert await command("retry") == 2
    assert await command("retry", "chores", "nobody") == 1
    assert await command("discard", "chores", "a") == 1, "a row of a table is not a message"
    capsys.readouterr()
    assert await command("retry", "chores", "a") == 0
    assert capsys.readouterr().out == "1 item will be retried within seconds\n"
    assert await command("retry", "--all") == 0
    assert await command("list", "--step", "chores") == 0
    assert "Nothing is set aside." in capsys.readouterr().out
    chores.raises.clear()
    await chores.step()
    assert await done(database) == ["a", "b"]


class Letters(MessageStep):
    """Step over the results of a stream."""

    name = "letters"
    items = "letters"
    outcome = "It is kept."
    policy: ClassVar[Policy] = Policy(most_attempts=2, first_pause=3600.0)
    patience: ClassVar[float] = 0.5

    def __init__(self, database: Database, stream: JetStreamContext) -> None:
        super().__init__(database, stream)
        self.bad: dict[bytes, BaseException] = {}
        self.read: list[bytes] = []
        self.attempts = 0

    async def take(self, count: int) -> None:
        """Take steps until there were so many attempts. A busy server may exceed the patience."""
        async with asyncio.timeout(60):
            while self.attempts < count:
                await self.step()

    async def subscribe(self) -> Any:
        return await self._stream.pull_subscribe_bind(
            durable=bus.RESULTS_CONSUMER, stream=bus.RESULTS_STREAM
        )

    async def handle(self, message: Message) -> None:
        self.attempts += 1
        if message.payload in self.bad:
            raise self.bad[message.payload]
        self.read.append(message.payload)


@pytest.fixture
async def letters(database: Database, stream: JetStreamContext) -> Letters:
    for text in (b"one", b"two", b"three"):
        await stream.publish(bus.results_subject("transcribe"), text)
    return Letters(database, stream)


async def acknowledged(stream: JetStreamContext) -> None:
    """Wait until the stream is empty, because acknowledgments are not answered."""
    async with asyncio.timeout(30):
        while (await stream.stream_info(bus.RESULTS_STREAM)).state.messages:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_failed_message_leaves_the_stream_and_is_retried(
    letters: Letters, database: Database, stream: JetStreamContext
) -> None:
    letters.bad[b"two"] = ZeroDivisionError()
    await letters.take(3)
    assert letters.read == [b"one", b"three"]
    await acknowledged(stream)
    await database.execute(_DUE_NOW)
    letters.bad.clear()
    await letters.step()
    assert letters.read == [b"one", b"three", b"two"]
    assert await database.fetch_all(_ATTEMPTS) == []


async def test_stopped_step_leaves_messages_to_others(
    letters: Letters, database: Database, stream: JetStreamContext
) -> None:
    await letters.take(3)
    stopped = Letters(database, stream)
    stopped.patience = 60.0  # type: ignore[misc]
    stepping = asyncio.create_task(stopped.step())
    async with asyncio.timeout(30):
        while not await waiting(stream):  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.05)
    stepping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stepping
    await stream.publish(bus.results_subject("transcribe"), b"four")
    async with asyncio.timeout(30):
        await letters.take(4)
    assert letters.read == [b"one", b"two", b"three", b"four"]
    assert stopped.read == []


async def waiting(stream: JetStreamContext) -> bool:
    """Return whether the server has a request for results."""
    info = await stream.consumer_info(bus.RESULTS_STREAM, bus.RESULTS_CONSUMER)
    return bool(info.num_waiting)


async def test_message_set_aside_can_be_discarded(letters: Letters, database: Database) -> None:
    letters.bad[b"two"] = ZeroDivisionError()
    await letters.take(3)
    await database.execute(_DUE_NOW)
    await letters.step()
    async with database.transaction() as connection:
        (aside,) = await ItemAttempts(connection).aside("letters")
        assert aside.attempts == 2
        assert await ItemAttempts(connection).discard("letters", aside.item)
        assert await ItemAttempts(connection).aside() == []


async def test_outage_leaves_messages_in_the_stream(
    letters: Letters, database: Database, stream: JetStreamContext, client: Client
) -> None:
    letters.bad[b"one"] = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await letters.take(1)
    assert (await stream.stream_info(bus.RESULTS_STREAM)).state.messages == 3
    assert await database.fetch_all(_ATTEMPTS) == []


async def test_a_message_delivered_often_while_servers_were_away_is_handled(
    letters: Letters, database: Database
) -> None:
    consumer = await letters.subscribe()
    for _ in range(letters.policy.most_attempts + 1):
        for message in await consumer.fetch(3, timeout=30):
            await message.nak()
    async with asyncio.timeout(60):
        while len(letters.read) < 3:
            await letters.step()
    assert sorted(letters.read) == [b"one", b"three", b"two"]
    assert await database.fetch_all(_ATTEMPTS) == []


async def test_a_message_at_which_processes_die_is_set_aside(
    letters: Letters, database: Database
) -> None:
    letters.bad[b"two"] = ZeroDivisionError()
    await letters.take(3)
    await database.execute("UPDATE item_attempts SET attempts = 2")
    await database.execute(_DUE_NOW)
    letters.bad.clear()
    await letters.step()
    assert letters.read == [b"one", b"three"], "it is not tried once more"
    async with database.transaction() as connection:
        (aside,) = await ItemAttempts(connection).aside("letters")
    assert aside.error == "The process ended at each attempt."


async def test_attempts_at_items_that_are_gone_are_forgotten(
    letters: Letters, database: Database
) -> None:
    await add(database, "a", "b")
    chores = Chores(database)
    chores.raises = {"a": MemoryError(), "b": MemoryError()}
    letters.bad[b"two"] = ZeroDivisionError()
    await chores.step()
    await letters.take(3)
    await database.execute(
        "UPDATE item_attempts SET next_attempt_at = now() - interval '2 days' WHERE item <> 'b'"
    )
    async with database.transaction() as connection:
        assert await ItemAttempts(connection).purge() == 1
    left = {row["item"] for row in await database.fetch_all(_ATTEMPTS)}
    assert left == {"b", *(item for item in left if item.startswith("RESULTS."))}
    assert len(left) == 2, "a message is kept"


async def test_step_without_items_takes_no_lock(database: Database) -> None:
    async with database.transaction() as connection:
        await ItemAttempts(connection).lock(Chores.name)
        async with asyncio.timeout(10):
            await Chores(database).step()
