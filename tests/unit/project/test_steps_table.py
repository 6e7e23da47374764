"""The architecture page lists the background steps of the code."""

from scripts import steps_table


def test_architecture_lists_every_step() -> None:
    assert steps_table.documented() == steps_table.table()
    assert len(steps_table.steps()) > 10
