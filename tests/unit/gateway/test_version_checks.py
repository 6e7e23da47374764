"""Versions of statuses are asked for together, and never before they are wanted."""

import asyncio
from collections.abc import Sequence

import pytest

from common.errors import UnavailableError
from gateway.api.version_checks import Owned, VersionChecks


class Transcriber:
    """Answers a question when the test lets it."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[tuple[Owned, ...]]()
        self.answers = asyncio.Queue[Exception | None]()

    async def versions(self, wanted: Sequence[Owned]) -> list[str]:
        self.asked.put_nowait(tuple(wanted))
        error = await self.answers.get()
        if error is not None:
            raise error
        return [f"{owner}/{number}" for number, owner in wanted]


async def test_questions_of_the_same_moment_are_one() -> None:
    transcriber = Transcriber()
    checks = VersionChecks(transcriber.versions)
    wanted = [(1, "a"), (2, "b"), (1, "a")]
    transcriber.answers.put_nowait(None)
    async with asyncio.timeout(30):
        found = await asyncio.gather(*(checks.find(*one) for one in wanted))

    assert found == ["a/1", "b/2", "a/1"]
    assert transcriber.asked.get_nowait() == ((1, "a"), (2, "b"))
    assert transcriber.asked.empty()


async def test_later_question_is_not_answered_by_an_earlier_one() -> None:
    transcriber = Transcriber()
    checks = VersionChecks(transcriber.versions)
    async with asyncio.timeout(30):
        first = asyncio.create_task(checks.find(1, "a"))
        assert await transcriber.asked.get() == ((1, "a"),)
        later = asyncio.create_task(checks.find(1, "a"))
        await asyncio.sleep(0)
        transcriber.answers.put_nowait(None)
        assert await first == "a/1"
        assert await transcriber.asked.get() == ((1, "a"),)
        assert not later.done()
        transcriber.answers.put_nowait(None)
        assert await later == "a/1"


async def test_error_concerns_only_its_questions() -> None:
    transcriber = Transcriber()
    checks = VersionChecks(transcriber.versions)
    transcriber.answers.put_nowait(UnavailableError("away"))
    transcriber.answers.put_nowait(None)
    async with asyncio.timeout(30):
        with pytest.raises(UnavailableError):
            await checks.find(1, "a")
        assert await checks.find(1, "a") == "a/1"


async def test_caller_that_leaves_takes_no_answer_from_others() -> None:
    transcriber = Transcriber()
    checks = VersionChecks(transcriber.versions)
    async with asyncio.timeout(30):
        leaving = asyncio.create_task(checks.find(1, "a"))
        staying = asyncio.create_task(checks.find(1, "a"))
        await transcriber.asked.get()
        leaving.cancel()
        transcriber.answers.put_nowait(None)
        assert await staying == "a/1"
