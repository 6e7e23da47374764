"""A service in its own process, for tests of the runtime: `python process.py MODE`.

Modes: `serve` starts and waits, `dying` has a task that dies, `starting` hangs during its start,
`refused` cannot start, `broken` raises an error next to a thread that never ends, `returning` ends
by itself.
"""

import asyncio
import sys
import time

from common import logging
from common.errors import UnavailableError
from common.runtime import Supervisor, run
from common.settings import ServiceSettings, load

_log = logging.get("process")


async def serve(_: ServiceSettings, supervisor: Supervisor) -> None:
    _log.info("up")
    await supervisor.wait()
    _log.info("closing")


async def returning(_: ServiceSettings, supervisor: Supervisor) -> None:
    _log.info("up")


async def dying(_: ServiceSettings, supervisor: Supervisor) -> None:
    async def die() -> None:
        await asyncio.sleep(0.1)
        raise RuntimeError("broken")

    supervisor.start("dying", die())
    await supervisor.wait()
    _log.info("closing")


async def starting(_: ServiceSettings, supervisor: Supervisor) -> None:
    _log.info("up")
    try:
        await asyncio.sleep(60)
    finally:
        _log.info("closing")


async def refused(_: ServiceSettings, supervisor: Supervisor) -> None:
    raise UnavailableError("The database does not answer. Check DATABASE_URL.")


async def broken(_: ServiceSettings, supervisor: Supervisor) -> None:
    # Like an inference thread, it cannot be interrupted, and a normal exit waits for it.
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    raise KeyError("accident")


MODES = {
    "serve": serve,
    "dying": dying,
    "starting": starting,
    "refused": refused,
    "broken": broken,
    "returning": returning,
}

if __name__ == "__main__":
    run("process", load(ServiceSettings), MODES[sys.argv[1]])
