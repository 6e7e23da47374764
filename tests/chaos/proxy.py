"""TCP proxy of one connection between processes, with the faults of networks."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from devstack.ports import LOOPBACK

_CHUNK_BYTES = 256 * 1024
#: `SO_LINGER` with a time of 0: closing sends a reset.
_RESET = struct.pack("ii", 1, 0)
#: Host and port, None while nothing is known to listen.
Target = Callable[[], tuple[str, int] | None]


@dataclass(kw_only=True, eq=False)
class _Connection:
    """One connection of a client, and the one to its target."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def close(self, *, reset: bool) -> None:
        """Close both ends at once."""
        for writer in self.writers:
            if reset:
                raw = writer.get_extra_info("socket")
                if raw is not None:
                    with contextlib.suppress(OSError):
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Link:
    """A listening port whose connections lead to a target, unless a fault is set.

    Faults are set at any time and count for all connections. They end with `heal`.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._cut = False
        self._delay = 0.0
        self.port = 0
        self.carried = 0
        """Bytes in both directions."""

    async def listen(self) -> None:
        """Listen on a free port of the loopback interface."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_CHUNK_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self) -> None:
        """Close all connections, and close new ones at once."""
        self._cut = True
        self._drop(reset=False)

    def half_open(self) -> None:
        """Keep all connections, and new ones, without carrying anything."""
        self._open.clear()

    def reset(self) -> None:
        """Reset all connections. New ones work."""
        self._drop(reset=True)

    def slow(self, seconds: float) -> None:
        """Carry everything later by some seconds."""
        self._delay = seconds

    def heal(self) -> None:
        """End all faults. What half-open connections held back arrives."""
        self._cut, self._delay = False, 0.0
        self._open.set()

    def _drop(self, *, reset: bool) -> None:
        for task, connection in list(self._connections.items()):
            connection.close(reset=reset)
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(writers=[writer])
        self._connections[task] = connection
        try:
            target = None if self._cut else self._target()
            if target is None:
                return
            await self._open.wait()
            onward, back = await asyncio.open_connection(*target, limit=_CHUNK_BYTES)
            connection.writers.append(back)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back), name="to the target")
                group.create_task(self._carry(onward, writer), name="from the target")
        except* (OSError, asyncio.CancelledError):
            pass  # one end has gone, and so does the other one
        finally:
            del self._connections[task]
            connection.close(reset=False)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes in one direction until its end, in order."""
        while data := await reader.read(_CHUNK_BYTES):
            await asyncio.sleep(self._delay)
            await self._open.wait()
            writer.write(data)
            await writer.drain()
            self.carried += len(data)
        writer.write_eof()
