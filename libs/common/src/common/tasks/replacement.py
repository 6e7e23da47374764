"""A worker process that cannot go on ends, so that its supervisor starts another one."""

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
    """End the process at once; a thread that does not return would keep a normal exit waiting."""
    _log.error("the process ends to be replaced", code=REPLACE_EXIT_CODE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(REPLACE_EXIT_CODE)


async def watch_event_loop(frozen_seconds: float = _FROZEN_SECONDS) -> None:
    """End the process when a library keeps the interpreter to itself; runs until cancelled.

    Then nothing of Python runs, so a timer of the C library prints where it stands and ends it.
    """
    if sys.__stderr__ is None:
        return
    try:
        while True:
            faulthandler.dump_traceback_later(frozen_seconds, exit=True, file=sys.__stderr__)
            await asyncio.sleep(frozen_seconds / 10)
    finally:
        faulthandler.cancel_dump_traceback_later()
