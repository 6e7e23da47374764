"""Who is woken by a change of a job."""

import asyncio

from transcriber.wakeups import WakeUps


async def test_a_change_of_a_job_wakes_the_steps_that_follow_it() -> None:
    wake_ups = WakeUps()
    wake_ups.jobs_changed()
    async with asyncio.timeout(30):
        for wake_up in (wake_ups.outbox, wake_ups.dispatch, wake_ups.settle):
            await wake_up.wait(60)
