import asyncio
import signal
import time

import pytest

from tests.integration.common.processes import service


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_ends_a_service_in_order(number: signal.Signals) -> None:
    async with service("serve") as running:
        await running.says("up")

        running.process.send_signal(number)

        assert await running.ends() == 0
        assert running.events == ["up", "closing"]


async def test_dying_task_ends_the_process_in_order_with_a_failure() -> None:
    async with service("dying") as running:
        assert await running.ends() == 1
        assert running.events == ["task died, stopping the process", "closing"]
        assert running.lines[0]["task"] == "dying"
        assert "RuntimeError: broken" in running.lines[0]["exception"]
        assert running.lines[0]["service"] == "process"


async def test_signal_ends_a_starting_service_at_once() -> None:
    async with service("starting") as running:
        await running.says("up")
        begun = time.monotonic()

        running.process.send_signal(signal.SIGTERM)

        assert await running.ends() == 0
        assert time.monotonic() - begun < 10
        assert running.events == ["up", "closing"]


async def test_failed_start_is_explained_in_one_line() -> None:
    async with service("refused") as running:
        assert await running.ends() == 1
        (line,) = running.lines
        assert line["event"] == "cannot run"
        assert line["reason"] == "The database does not answer. Check DATABASE_URL."
        assert "exception" not in line


async def test_unexpected_error_is_logged_and_does_not_wait_for_threads() -> None:
    async with service("broken") as running:
        assert await running.ends(20) == 1
        (line,) = running.lines
        assert "KeyError: 'accident'" in line["exception"]
        assert line["level"] == "critical"


async def test_returning_service_has_succeeded() -> None:
    async with service("returning") as running:
        assert await running.ends() == 0


async def test_invalid_setting_ends_the_process_first() -> None:
    async with service("serve", environment={"LOG_LEVEL": "LOUD"}) as running:
        assert running.process.stderr is not None
        said = await asyncio.wait_for(running.process.stderr.read(), 30)
        assert said.startswith(b"configuration: LOG_LEVEL: ")
        assert await running.process.wait() == 2
