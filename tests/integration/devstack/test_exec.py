"""Commands of services, run in the environment of a running stack."""

import os
import signal

import psycopg
import pytest

from tests.integration.devstack.operating import Operator
from tests.ports import free_port

_SET_ASIDE = """
INSERT INTO item_attempts (step, item, attempts, next_attempt_at, set_aside_at, error)
VALUES ('sessions', '41', 5, now(), now(), 'MemoryError')
"""


@pytest.fixture
def stack(operator: Operator) -> Operator:
    """Start the stack with fake services, whose commands are the real ones from then on."""
    operator.environment["PORT"] = str(free_port())
    started = operator.run("up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    operator.environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    return operator


def test_set_aside_items_of_a_running_stack_are_listed_and_retried(stack: Operator) -> None:
    migrated = stack.run("exec", "gateway", "migrate")
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    with psycopg.connect(stack.variables_of("gateway")["DATABASE_URL"]) as connection:
        connection.execute(_SET_ASIDE)

    listed = stack.run("exec", "gateway", "set-aside", "list", "--step", "sessions")
    assert listed.returncode == 0, listed.stderr
    row = listed.stdout.splitlines()[-1].split()
    assert (row[:3], row[-1]) == (["sessions", "41", "5"], "MemoryError")

    retried = stack.run("exec", "gateway", "set-aside", "retry", "--all")
    assert retried.returncode == 0
    assert "1 item will be retried" in retried.stdout


def test_exit_status_and_errors_are_those_of_the_command(stack: Operator) -> None:
    assert stack.run("exec", "gateway", "migrate").returncode == 0
    unnamed = stack.run("exec", "gateway", "set-aside", "retry")
    assert unnamed.returncode == 2
    assert "Name a step" in unnamed.stdout
    unknown = stack.run("exec", "gateway", "set-aside", "discard", "results", "RESULTS.1")
    assert unknown.returncode == 1
    wrong = stack.run("exec", "transcriber", "--help")
    assert wrong.returncode == 0
    assert "python -m transcriber" in wrong.stdout
    misspelled = stack.run("exec", "transcriber", "set-asid")
    assert misspelled.returncode == 2
    assert "invalid choice: 'set-asid'" in misspelled.stderr


def test_postgres_that_does_not_respond_is_reported(stack: Operator) -> None:
    pid = stack.pids()["postgres"]
    os.kill(pid, signal.SIGSTOP)
    try:
        refused = stack.run("exec", "transcriber", "set-aside", "list")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "error: Postgres is not accepting connections. `make status`" in refused.stderr


def test_without_a_stack_nothing_is_run(operator: Operator) -> None:
    refused = operator.run("exec", "transcriber", "set-aside", "list")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert f"nothing is running in {operator.data}. Start the stack" in refused.stderr
