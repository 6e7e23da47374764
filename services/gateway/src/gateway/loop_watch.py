"""Measures how long the event loop is kept from its work."""

import asyncio
import time

from common import telemetry

_INTERVAL_SECONDS = 0.02


async def watch() -> None:
    """Notes for ever by how much a short sleep overshoots, and how much of that is our own doing.

    On a machine that is busy with other things timers fire late although nothing here is at fault.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _INTERVAL_SECONDS
        computed = time.thread_time()
        await asyncio.sleep(_INTERVAL_SECONDS)
        late = max(0.0, loop.time() - due)
        telemetry.EVENT_LOOP_LAG_SECONDS.observe(late)
        telemetry.EVENT_LOOP_BUSY_SECONDS.observe(min(late, time.thread_time() - computed))
