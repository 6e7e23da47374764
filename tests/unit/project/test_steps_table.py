"""The documents list every background step as the code has it."""

from scripts import steps_table


def test_the_architecture_lists_every_step() -> None:
    assert steps_table.documented() == steps_table.table()
    assert len(steps_table.steps()) > 10
