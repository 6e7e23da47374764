"""Ports on the loopback interface: the ones asked for, or free ones that stay the same."""

import contextlib
import errno
import os
import random
import socket
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from devstack.errors import ConfigurationError, PortTakenError
from devstack.files import read_object, write_object

LOOPBACK = "127.0.0.1"
FREE_PORTS = range(15000, 32000)
"""Below the ports that Linux gives to outgoing connections (32768 and up), which could
otherwise be taken between the choice of a port and its use."""

_ATTEMPTS = 500
_LISTENING = "0A"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do; otherwise connections that linger after a restart would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(name: str, port: int, *, variable: str, host: str = LOOPBACK) -> None:
    """Raise PortTakenError, naming the variable that asks for the port and, where it can be seen,
    the process that listens there, unless a server could listen.
    """
    if not is_free(port, host):
        raise PortTakenError(
            f"port {port} on {host}, wanted for {name}, is taken{_by_whom(port)}; "
            f"free it or set {variable} to another port"
        )


def variable_for(name: str) -> str:
    """Name of the variable that fixes the port of something, as `DEVSTACK_POSTGRES_PORT`."""
    return f"DEVSTACK_{name.upper().replace('-', '_')}_PORT"


class PortClaims:
    """Ports that this process has chosen and perhaps not opened yet.

    Programs that choose at the same moment would now and then choose alike, and the slower one
    would find its port taken. A claim is a socket with an abstract name: like a port it exists
    once in a network namespace, and it ends with the process at the latest.
    """

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        weakref.finalize(self, _close, self._held)

    def claim(self, port: int) -> bool:
        """Whether the port is free and nobody else has claimed it; then it is ours."""
        if port in self._held:
            return is_free(port)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mark:
            try:
                mark.bind(f"\0devstack-port-{port}".encode("ascii"))
            except OSError as error:
                # Where such names are forbidden, chance has to do, as it mostly does.
                return error.errno != errno.EADDRINUSE and is_free(port)
            if not is_free(port):
                return False
            self._held[port] = mark.detach()
        return True

    def take(self) -> int:
        """Claim any free port.

        Raises PortTakenError when none was found.
        """
        for _ in range(_ATTEMPTS):
            port = random.choice(FREE_PORTS)  # noqa: S311 - nothing secret about a port
            if self.claim(port):
                return port
        raise PortTakenError(f"found no free port between {FREE_PORTS[0]} and {FREE_PORTS[-1]}")

    def release(self) -> None:
        """Give all claims up. Fine when there are none."""
        _close(self._held)


class TakePort(Protocol):
    """Gives a port by name; see `PortBook.take`."""

    def __call__(self, name: str, *, above: int = 0) -> int:
        """Give one."""
        ...


class PortBook:
    """Gives out ports by name and remembers them in a file for the next start."""

    def __init__(self, path: Path, asked: Mapping[str, int] | None = None) -> None:
        """`asked` are ports that the operator has fixed, by variable name."""
        self._path = path
        self._asked = dict(asked or {})
        self._remembered = remembered(path)
        self._given: dict[str, int] = {}
        self._above: set[int] = set()
        self._claims = PortClaims()

    def take(self, name: str, *, above: int = 0) -> int:
        """Give the port that the operator fixed; else that of the last start if it is still free;
        else any free one. Where `above` is given, the port that far above is free too.

        Raises PortTakenError when a fixed port is in use.
        """
        variable = variable_for(name)
        if variable in self._asked:
            return self.fixed(name, self._asked[variable], variable=variable)
        last = self._remembered.get(name)
        if last is not None and self._unused(last, above):
            return self._give(name, last, above)
        candidates = range(FREE_PORTS.start, FREE_PORTS.stop - above)
        for _ in range(_ATTEMPTS):
            port = random.choice(candidates)  # noqa: S311 - nothing secret about a port
            if self._unused(port, above):
                return self._give(name, port, above)
        raise PortTakenError(
            f"found no free port for {name} between {FREE_PORTS[0]} and {FREE_PORTS[-1]}"
        )

    def fixed(self, name: str, port: int, *, variable: str, host: str = LOOPBACK) -> int:
        """Give exactly this port, which a variable asks for.

        Raises PortTakenError when it is in use, ConfigurationError when two names ask for it.
        """
        other = next((key for key, value in self._given.items() if value == port), None)
        if other not in (None, name):
            raise ConfigurationError(f"{variable}={port}: this port is already used for {other}")
        require_free(name, port, variable=variable, host=host)
        self._claims.claim(port)
        return self._give(name, port)

    def save(self) -> None:
        """Remember what was given out."""
        write_object(self._path, {**self._remembered, **self._given})

    def release(self) -> None:
        """Let others choose these ports again: once nothing is to be started on them any more."""
        self._claims.release()

    def _unused(self, port: int, above: int) -> bool:
        wanted = {port, port + above}
        reserved = {*self._given.values(), *self._asked.values(), *self._above}
        return not wanted & reserved and all(map(self._claims.claim, wanted))

    def _give(self, name: str, port: int, above: int = 0) -> int:
        self._given[name] = port
        if above:
            self._above.add(port + above)
        return port


def _close(held: dict[int, int]) -> None:
    while held:
        os.close(held.popitem()[1])


def remembered(path: Path) -> dict[str, int]:
    """Ports of the last start, by name."""
    return {name: port for name, port in read_object(path).items() if isinstance(port, int)}


def listener(port: int) -> int | None:
    """Pid of the process that listens on a port, where we may see it."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return None
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), os.scandir(f"/proc/{entry}/fd") as descriptors:
            if any(os.readlink(descriptor.path) in inodes for descriptor in descriptors):
                return int(entry)
    return None


def _listening_inodes(port: int) -> list[str]:
    inodes = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.append(fields[9])
    return inodes


def _by_whom(port: int) -> str:
    pid = listener(port)
    if pid is None:
        return ""
    name = ""
    with contextlib.suppress(OSError):
        name = f" ({Path(f'/proc/{pid}/comm').read_text(encoding='utf-8').strip()})"
    return f" by process {pid}{name}"
