"""Wake-ups after changes of jobs."""

import asyncio

from transcriber.wakeups import WakeUps


async def test_changed_job_wakes_following_steps() -> None:
    wake_ups = WakeUps()
    wake_ups.jobs_changed()
    async with asyncio.timeout(30):
        for wake_up in (wake_ups.outbox, wake_ups.dispatch, wake_ups.settle):
            await wake_up.wait(60)
