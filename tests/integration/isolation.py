"""One item among ten that always fails, for any background step over items."""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import pytest
from prometheus_client import REGISTRY

from common.background import set_aside
from common.background.attempts import ItemAttempts, SetAside
from common.background.message_steps import MessageStep
from common.background.registry import Background
from common.background.steps import BatchStep, IsolatedStep, ItemStep, Step
from common.postgres import Database

ITEMS = 10
_DUE_NOW = "UPDATE item_attempts SET next_attempt_at = now() - interval '1 second'"
_DIED = """
INSERT INTO item_attempts (step, item, attempts, next_attempt_at)
VALUES (%s, %s, %s, now() - interval '1 second')
"""
_NEXT_WEEK = """
INSERT INTO item_attempts (step, item, next_attempt_at)
VALUES ('a clock ahead', '1', now() + interval '1 week')
"""
_LONG_WAITS = "SELECT step FROM item_attempts WHERE next_attempt_at > now() + interval '1 day'"


class PlantedError(Exception):
    """An error that no step expects."""


class Sabotage:
    """Has a step note its items as handled, except one at which it raises.

    Everything else is real: the query for items that are due, the claims, the notices.
    """

    def __init__(self, step: Any, *, victim: int = 4) -> None:
        self.step = step
        self.active = True
        self.handled: list[str] = []
        self.tried: list[str] = []
        self.keys: list[str] = []
        self._victim = victim
        self._due = getattr(step, "due", None)
        # Only this test decides when the next attempt is due.
        step.policy = replace(step.policy, first_pause=3600.0, longest_pause=3600.0)
        if isinstance(step, MessageStep):
            step.patience = 0.5  # type: ignore[misc]
            step.handle = self._handle_message  # type: ignore[method-assign]
        else:
            step.due = self._undone
            if hasattr(step, "handle_together"):
                step.handle_together = self._handle_together
            if getattr(step, "together", False):
                step.handle_all = self._handle_together
            step.handle = (
                self._handle_in_batch if isinstance(step, BatchStep) else self._handle_alone
            )

    @property
    def victim(self) -> str:
        """Key of the item at which the step fails."""
        assert len(self.keys) > self._victim, (
            f"the world of this test has no {ITEMS} items for the step {self.step.name}: add them"
        )
        return self.keys[self._victim]

    async def _undone(self, connection: Any, limit: int) -> list[Any]:
        found = await self._due(connection, max(limit, 10 * ITEMS))  # type: ignore[misc]
        self._know(self.step.key(item) for item in found)
        return [item for item in found if self.step.key(item) not in self.handled][:limit]

    async def _handle_alone(self, item: Any) -> None:
        self._take(self.step.key(item))

    async def _handle_in_batch(self, _connection: Any, item: Any) -> None:
        self._take(self.step.key(item))

    async def _handle_together(self, _connection: Any, _items: Any) -> bool:
        raise PlantedError("planted, so that each item is handled by itself")

    async def _handle_message(self, message: Any) -> None:
        self._know([message.key])
        self._take(message.key)

    def _know(self, keys: Iterable[str]) -> None:
        self.keys += [key for key in keys if key not in self.keys]

    def _take(self, key: str) -> None:
        self.tried.append(key)
        if self.active and self.keys.index(key) == self._victim:
            raise PlantedError("planted")
        self.handled.append(key)


class World(Protocol):
    """Ten items or more for every step of a service."""

    async def __call__(self) -> None:
        """Make them."""

    def repeat(self) -> None:
        """Report again what is only held in memory."""


class StepTests:
    """Tests of the background steps of one service, whose module has the fixtures.

    The fixture `background` is the registry of the service, `world` makes items for every step.
    """

    #: Names of all steps of the service.
    steps: ClassVar[list[str]]
    #: Steps that end the task of an item that always fails, so that there is nothing to retry.
    ending: ClassVar[frozenset[str]] = frozenset()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run the tests of one step with every step."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", self.steps)

    async def check_owner(self, name: str, aside: SetAside, database: Database) -> None:
        """Check that the owner of the item was notified, and no other."""

    async def test_every_step_is_in_the_registry(self, background: Background) -> None:
        assert sorted(step.name for step in background.steps) == sorted(set(self.steps))

    async def test_failing_item_affects_only_itself(
        self, name: str, background: Background, database: Database, world: World
    ) -> None:
        (step,) = (step for step in background.steps if step.name == name)
        aside = await fails_alone(step, background, database, world=world)
        await self.check_owner(name, aside, database)
        if name not in self.ending:
            await is_retried(aside, step, database, world=world)

    async def test_item_that_kills_processes_is_set_aside(
        self, name: str, background: Background, database: Database, world: World
    ) -> None:
        (step,) = (step for step in background.steps if step.name == name)
        await outlives_its_process(step, database, world=world)

    async def test_waits_from_a_clock_ahead_are_shortened(
        self, background: Background, database: Database
    ) -> None:
        await database.execute(_NEXT_WEEK)
        await background.bring_back()
        assert await database.fetch_all(_LONG_WAITS) == []


async def fails_alone(
    step: Step, background: Background, database: Database, *, world: World
) -> SetAside:
    """Assert that an item that always fails is set aside and hurts only itself.

    Return it as it was listed.
    """
    assert isinstance(step, IsolatedStep)
    await world()
    sabotage = Sabotage(step)
    failures = _metric("securetranscribe_item_failures_total", step)
    for number in range(20):
        # A step over messages returns without all of them if the server is busy.
        if number >= 5 and len(sabotage.keys) >= ITEMS:
            break
        await step.step()
    victim = sabotage.victim
    assert len(sabotage.keys) >= ITEMS
    assert sorted(sabotage.handled) == sorted(key for key in sabotage.keys if key != victim)
    assert sabotage.tried.count(victim) == 1, "the pause before the second attempt is not kept"
    async with database.transaction() as connection:
        attempt = await ItemAttempts(connection).find(step.name, victim)
    assert attempt is not None
    assert attempt.number == 1

    for number in range(2, step.policy.most_attempts + 1):
        await database.execute(_DUE_NOW)
        world.repeat()
        await step.step()
        assert sabotage.tried.count(victim) == number
    await database.execute(_DUE_NOW)
    world.repeat()
    await step.step()
    assert sabotage.tried.count(victim) == step.policy.most_attempts, "it is not set aside"
    async with database.transaction() as connection:
        (aside,) = await ItemAttempts(connection).aside(step.name)
    assert (aside.item, aside.error) == (victim, "PlantedError")
    assert _metric("securetranscribe_item_failures_total", step) - failures == (
        step.policy.most_attempts
    )
    await background.measure()
    assert _metric("securetranscribe_items_set_aside", step) == 1
    return aside


async def is_retried(aside: SetAside, step: Step, database: Database, *, world: World) -> None:
    """Assert that the command has an item tried again, which then succeeds."""
    retried: list[str] = []
    original = step.handle  # type: ignore[attr-defined]

    async def handle(*arguments: Any) -> None:
        retried.append(step.key(arguments[-1]))  # type: ignore[attr-defined]

    step.handle = handle  # type: ignore[attr-defined]
    arguments = argparse.Namespace(action="retry", step=aside.step, item=aside.item, all=False)
    assert await set_aside.run(database, arguments) == 0
    if isinstance(step, ItemStep | BatchStep):
        # Once, as the replaced `handle` leaves the item due.
        due = step.due

        async def once(connection: Any, limit: int) -> Any:
            found = [] if retried else await due(connection, 10 * ITEMS)
            return [item for item in found if step.key(item) == aside.item][:limit]

        step.due = once  # type: ignore[method-assign]
    world.repeat()
    await step.step()
    assert retried == [aside.item]
    async with database.transaction() as connection:
        assert await ItemAttempts(connection).aside(step.name) == []
    step.handle = original  # type: ignore[attr-defined]


async def outlives_its_process(step: Step, database: Database, *, world: World) -> None:
    """Assert that an item at which the process always died is set aside without another try."""
    if not isinstance(step, ItemStep):
        return
    await world()
    sabotage = Sabotage(step)
    sabotage.active = False
    async with database.transaction() as connection:
        await step.due(connection, ITEMS)
    victim = sabotage.victim
    await database.execute(_DIED, (step.name, victim, step.policy.most_attempts))
    await step.step()
    assert victim not in sabotage.tried
    assert len(sabotage.handled) >= ITEMS - 1
    async with database.transaction() as connection:
        (aside,) = await ItemAttempts(connection).aside(step.name)
    assert (aside.item, aside.error) == (victim, "The process ended at each attempt.")


def steps_of(package: str) -> list[type[Step]]:
    """Return the concrete steps that the modules of a package define or use, by name."""
    found: dict[str, type[Step]] = {}
    waiting: list[type[Step]] = [Step]  # type: ignore[type-abstract]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith(f"{package}.") and hasattr(kind, "name"):
            found[kind.name] = kind
    return [found[name] for name in sorted(found)]


def _metric(name: str, step: Step) -> float:
    return REGISTRY.get_sample_value(name, {"step": step.name}) or 0.0
