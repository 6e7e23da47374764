"""Measures how long the event loop is kept from its work."""

import asyncio

from common import telemetry

_INTERVAL_SECONDS = 0.02


async def watch() -> None:
    """Notes for ever by how much a short sleep overshoots."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _INTERVAL_SECONDS
        await asyncio.sleep(_INTERVAL_SECONDS)
        telemetry.EVENT_LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
