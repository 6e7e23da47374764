"""Replacement of a worker process: it ends, and its supervisor starts another one."""

import asyncio
import faulthandler
import os
import sys
from typing import NoReturn

from common import logging

_log = logging.get(__name__)
#: "Temporary failure, try again" in sysexits.h.
REPLACE_EXIT_CODE = 75
#: An event loop that stands still for so long is held by a library, or by a bug.
_FROZEN_SECONDS = 300.0


def end_process() -> NoReturn:
    """End the process at once. A normal exit would wait for a stuck thread."""
    _log.error("the process ends to be replaced", code=REPLACE_EXIT_CODE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(REPLACE_EXIT_CODE)


async def watch_event_loop(frozen_seconds: float = _FROZEN_SECONDS) -> None:
    """End the process when a library never releases the interpreter. Runs until cancelled.

    No Python code runs then, so a timer in C prints the traceback and ends the process.
    """
    if sys.__stderr__ is None:
        return
    try:
        while True:
            faulthandler.dump_traceback_later(frozen_seconds, exit=True, file=sys.__stderr__)
            await asyncio.sleep(frozen_seconds / 10)
    finally:
        faulthandler.cancel_dump_traceback_later()
