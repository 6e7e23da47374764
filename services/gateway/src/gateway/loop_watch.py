"""Event-loop lag metrics."""

import asyncio
import time

from common import telemetry

#: Each sample wakes the process, so an idle one takes fewer.
_BUSY_SECONDS = 0.1
_IDLE_SECONDS = 1.0
#: Share of a core that an idle process does not reach.
_BUSY_SHARE = 0.02


async def watch() -> None:
    """Record event-loop lag until cancelled.

    Lag is the overshoot of a short sleep. On a busy machine, timers also fire late for reasons
    outside this process, so the CPU time of this thread is recorded separately. It includes that
    before the timer was due, so it is an upper bound while the thread is busy.
    """
    loop = asyncio.get_running_loop()
    interval = _BUSY_SECONDS
    while True:
        due = loop.time() + interval
        before = time.thread_time()
        await asyncio.sleep(interval)
        late = max(0.0, loop.time() - due)
        computed = time.thread_time() - before
        telemetry.EVENT_LOOP_LAG_SECONDS.observe(late)
        telemetry.EVENT_LOOP_BUSY_SECONDS.observe(min(late, computed))
        interval = _BUSY_SECONDS if computed > _BUSY_SHARE * interval else _IDLE_SECONDS
