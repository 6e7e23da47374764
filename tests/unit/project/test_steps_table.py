"""The architecture page lists the background steps of the code."""

from common.outbox import OutboxRelay
from scripts import steps_table


def test_architecture_lists_every_step() -> None:
    assert steps_table.documented() == steps_table.table()
    assert len(steps_table.steps()) > 10


def test_common_step_belongs_to_the_services_that_run_it() -> None:
    """The transcriber has its own relay, and the gateway has none."""
    steps = steps_table.steps()
    assert steps_table.services_of(OutboxRelay, steps) == ["speakers"]
    (derived,) = (step for step in steps if step.__name__ == "JobOutboxRelay")
    assert steps_table.services_of(derived, steps) == ["transcriber"]
    only_common = [step for step in steps if not issubclass(step, derived)]
    assert steps_table.services_of(OutboxRelay, only_common) == ["transcriber", "speakers"]
