"""Maintenance commands of a service, as separate processes."""

import os
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

_SET_ASIDE = """
INSERT INTO item_attempts (step, item, attempts, next_attempt_at, set_aside_at, error)
VALUES ('sessions', '41', 5, now(), now(), 'MemoryError')
"""


def run(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    inherited = ("PATH", "PYTHONPATH", "HOME")
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env={
            **{name: os.environ[name] for name in inherited if name in os.environ},
            "SECRET_KEY": "s" * 40,
            "DATABASE_URL": url,
            "GRPC_PORT": "0",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [("list",), ("retry", "--all"), ("discard", "results", "RESULTS.1")]
)
def test_database_without_tables_is_reported_in_one_line(
    empty_schema: str, arguments: tuple[str, ...]
) -> None:
    done = run(empty_schema, "set-aside", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "The tables are missing or outdated. Run `python -m gateway migrate` first."
    ]


def test_database_without_a_schema_is_reported_in_one_line(
    postgres_url: Callable[[str], str],
) -> None:
    done = run(f"{postgres_url('speakers')}?options=-csearch_path%3Dnowhere", "migrate")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("The database is not provisioned (")
    assert line.endswith("Run `python -m common.provisioning` first.")


def test_set_aside_items_are_listed_and_retried(empty_schema: str) -> None:
    migrated = run(empty_schema, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert "applied 0001_sessions.sql" in migrated.stdout.splitlines()
    assert run(empty_schema, "set-aside", "list").stdout == "Nothing is set aside.\n"
    with psycopg.connect(empty_schema) as connection:
        connection.execute(_SET_ASIDE)

    listed = run(empty_schema, "set-aside", "list").stdout.splitlines()
    assert listed[0].split() == ["STEP", "ITEM", "ATTEMPTS", "SET", "ASIDE", "REASON"]
    assert listed[1].split()[:3] == ["sessions", "41", "5"]
    assert run(empty_schema, "set-aside", "list", "--step", "outbox").stdout.startswith("Nothing")

    retried = run(empty_schema, "set-aside", "retry", "sessions", "41")
    assert (retried.returncode, retried.stdout) == (0, "1 item will be retried within seconds\n")
