"""Event-loop lag metrics."""

import asyncio
import time

from common import telemetry

#: Ten samples per second. Each one wakes the process.
_INTERVAL_SECONDS = 0.1


async def watch() -> None:
    """Record event-loop lag until cancelled.

    Lag is the overshoot of a short sleep. On a busy machine, timers also fire late for reasons
    outside this process, so the CPU time of this thread is recorded separately.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _INTERVAL_SECONDS
        computed = time.thread_time()
        await asyncio.sleep(_INTERVAL_SECONDS)
        late = max(0.0, loop.time() - due)
        telemetry.EVENT_LOOP_LAG_SECONDS.observe(late)
        telemetry.EVENT_LOOP_BUSY_SECONDS.observe(min(late, time.thread_time() - computed))
