"""Maintenance commands of the transcriber, as separate processes."""

import asyncio
import os
import sys
from collections.abc import Callable

from common.postgres import Database

_TASK_ID = "00000000-0000-0000-0000-000000000041"
_DEAD = """
INSERT INTO dead_tasks (task_id, job_id, stage, deliveries, payload, kept_at)
VALUES (%s, 'job_1', 'diarize', 3, '', '2026-01-01 03:15:00+00')
"""


async def run(url: str, *arguments: str) -> tuple[int | None, str]:
    inherited = ("PATH", "PYTHONPATH", "HOME")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "transcriber", "set-aside", *arguments,
        env={
            **{name: os.environ[name] for name in inherited if name in os.environ},
            "DATABASE_URL": url,
            "PGTZ": "UTC",
        },
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_tasks_that_killed_workers_are_listed(
    database: Database, postgres_url: Callable[[str], str]
) -> None:
    url = postgres_url("transcriber")
    await database.execute(_DEAD, (_TASK_ID,))
    for named in ((), ("--step", "dead-tasks")):
        status, said = await run(url, "list", *named)
        assert status == 0
        row = said.splitlines()[-1].split(maxsplit=5)
        assert row == [
            "dead-tasks", _TASK_ID, "3", "2026-01-01", "03:15:00",
            "Workers died at the task diarize of job_1.",
        ]  # fmt: skip
    assert await run(url, "list", "--step", "clips") == (0, "Nothing is set aside.\n")
    status, said = await run(url, "retry", "dead-tasks", _TASK_ID)
    assert (status, said) == (1, "0 items will be retried within seconds\n")
