"""Ends of tasks whose libraries lose cancellations.

Before Python 3.12, `asyncio.wait_for` loses a cancellation that arrives together with its result.
The clients of NATS and Postgres use it. A task that goes on in a loop then never ends, and neither
does a wait for its end.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

#: Longer than the cleanup of a task takes, in seconds.
_AGAIN_SECONDS = 3.0


async def end(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Cancel tasks and wait for them. Their results and errors are ignored.

    Tasks still running after a while are cancelled again.
    """
    given = set(tasks)
    left = {task for task in given if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
    for task in given:
        if not task.cancelled():
            task.exception()  # Looked at, or asyncio complains.
