"""Ports on the loopback interface: configured ones, or free ones reused at the next start."""

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
"""Below the ports of outgoing connections on Linux (from 32768), which could otherwise take a port
between its choice and its use."""

_ATTEMPTS = 500
_LISTENING = "0A"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do. Otherwise connections lingering after a restart would block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(name: str, port: int, *, variable: str, host: str = LOOPBACK) -> None:
    """Raise PortTakenError unless the port is free.

    The message has the variable of the port and, if visible, the process listening on it.
    """
    if not is_free(port, host):
        raise PortTakenError(
            f"port {port} on {host} for {name} is taken{_by_whom(port)}. "
            f"Free it, or set {variable} to another port"
        )


def variable_for(name: str) -> str:
    """Return the variable for a fixed port, such as `DEVSTACK_POSTGRES_PORT`."""
    return f"DEVSTACK_{name.upper().replace('-', '_')}_PORT"


class PortClaims:
    """Ports chosen by this process, perhaps not open yet.

    Claims prevent two programs from choosing the same port at the same time. A claim is a socket
    with an abstract name. Like a port, it is unique in a network namespace and ends with its
    process.
    """

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        weakref.finalize(self, _close, self._held)

    def claim(self, port: int) -> bool:
        """Claim a port. Return False if it is in use or claimed by another process."""
        if port in self._held:
            return is_free(port)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mark:
            try:
                mark.bind(f"\0devstack-port-{port}".encode("ascii"))
            except OSError as error:
                # Where such names are forbidden, conflicts are possible but unlikely.
                return error.errno != errno.EADDRINUSE and is_free(port)
            if not is_free(port):
                return False
            self._held[port] = mark.detach()
        return True

    def take(self) -> int:
        """Claim any free port. Raise PortTakenError if none was found."""
        for _ in range(_ATTEMPTS):
            port = random.choice(FREE_PORTS)  # noqa: S311 - nothing secret about a port
            if self.claim(port):
                return port
        raise PortTakenError(f"found no free port between {FREE_PORTS[0]} and {FREE_PORTS[-1]}")

    def release(self) -> None:
        """Release all claims."""
        _close(self._held)


class TakePort(Protocol):
    """Signature of `PortBook.take`."""

    def __call__(self, name: str, *, above: int = 0) -> int:
        """Return a port."""
        ...


class PortBook:
    """Assigns ports by name and keeps them in a file for the next start."""

    def __init__(self, path: Path, asked: Mapping[str, int] | None = None) -> None:
        """Load the ports of the last start. `asked` has fixed ports by variable name."""
        self._path = path
        self._asked = dict(asked or {})
        self._remembered = remembered(path)
        self._given: dict[str, int] = {}
        self._above: set[int] = set()
        self._claims = PortClaims()

    def take(self, name: str, *, above: int = 0) -> int:
        """Return the fixed port, the port of the last start if free, or any free one.

        With `above`, the port higher by this number is free too.

        Raises:
            PortTakenError: a fixed port is in use.
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
        """Return this port, as fixed by a variable.

        Raises:
            PortTakenError: it is in use.
            ConfigurationError: it is also fixed for another name.
        """
        other = next((key for key, value in self._given.items() if value == port), None)
        if other not in (None, name):
            raise ConfigurationError(f"{variable}={port}: this port is already used for {other}")
        require_free(name, port, variable=variable, host=host)
        self._claims.claim(port)
        return self._give(name, port)

    def save(self) -> None:
        """Write the assigned ports to the file."""
        write_object(self._path, {**self._remembered, **self._given})

    def release(self) -> None:
        """Release the ports for other programs, after everything has stopped."""
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
    """Return the ports of the last start by name."""
    return {name: port for name, port in read_object(path).items() if isinstance(port, int)}


def listener(port: int) -> int | None:
    """Return the pid of the process listening on a port, if visible."""
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
