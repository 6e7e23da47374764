"""Many clients of every kind at the same time, next to a bare echo.

    python -m bench.load [--sockets 1000] [--readers 200] [--uploaders 50] [--exporters 10]
                         [--seconds 60] [--pause 1.0]

Sockets ping, readers read a status, uploaders upload a recording of a minute and delete it, and
exporters take turns with all formats. Each client pauses between its requests: readers for
`--pause` seconds, sockets and uploaders ten times and exporters twice as long. Further readers, a
tenth as many, read an echo of the same body from a bare FastAPI application all the time. Its
latencies show the share of the machine itself. The clients share the cores.
"""

import argparse
import asyncio
import io
import itertools
import json
import os
import random
import tempfile
import time
import wave
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from bench import echoes
from bench.processes import usage
from common.rate_limits import Group
from devstack.service_stack import ServiceStack
from devstack.stack import EmbeddedServers
from devstack.testing import aembedded_servers, arunning_services
from exporter.formats.catalog import FORMATS

_OVERRIDES = {
    "*": {
        "LOG_LEVEL": "WARNING",
        "WEBSOCKETS_PER_SESSION": "1000",
        "UPLOADS_PER_SESSION": "1000",
        "UPLOADS_PER_ADDRESS": "1000",
        "QUEUE_SHARE": "1",
        **{f"RATE_LIMIT_{group.name}": "100000000/minute" for group in Group},
    }
}
#: Sockets that are opened at the same time.
_OPENING = 50
_ANSWER_SECONDS = 120.0
_RECORDING_SECONDS = 60
_TRANSCRIPT_SEGMENTS = 20
Act = Callable[[], Awaitable[None]]


@dataclass(kw_only=True)
class Latencies:
    """Seconds that requests of one kind took, and those that failed."""

    name: str
    took: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return a percentile in milliseconds, not a number without any request."""
        if not self.took:
            return float("nan")
        ordered = sorted(self.took)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    async def measure(self, act: Act) -> None:
        """Time one request. A failed one is counted."""
        begun = time.perf_counter()
        try:
            await act()
        except Exception as error:
            self.failed.append(repr(error)[:200])
        else:
            self.took.append(time.perf_counter() - begun)

    def row(self, seconds: float) -> str:
        """Return a row of the table."""
        shown = " | ".join(f"{self.percentile(share):,.1f}" for share in (0.5, 0.95, 0.99))
        longest = 1000 * max(self.took, default=float("nan"))
        rate = len(self.took) / seconds
        return f"| {self.name} | {rate:,.1f} | {shown} | {longest:,.1f} | {len(self.failed)} |"


async def repeated(figures: Latencies, act: Act, *, pause: float, end: float, seed: int) -> None:
    """Repeat a request until a moment, with pauses that differ by half."""
    draw = random.Random(seed)
    await asyncio.sleep(draw.uniform(0, pause))
    while time.monotonic() < end:
        await figures.measure(act)
        await asyncio.sleep(draw.uniform(0.5, 1.5) * pause)


class Reader:
    """A keep-alive connection that reads one path, with as little work as possible."""

    def __init__(self, host: str, port: int, path: str, token: str) -> None:
        self._place = (host, port)
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self) -> None:
        """Read once. Raise if the answer is not 200."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        writer.write(self._request)
        async with asyncio.timeout(_ANSWER_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.partition(b"\r\n")[0].decode())

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()


@dataclass(kw_only=True)
class Clients:
    """All clients of one gateway."""

    url: str
    echo: int
    options: argparse.Namespace
    token: str = ""
    number: int = 0
    recording: bytes = b""

    async def prepare(self, http: httpx2.AsyncClient, directory: Path) -> Path:
        """Make a transcription with a transcript. Return a file with the body of its status."""
        self.token = await _token(http)
        self.recording = _silence(_RECORDING_SECONDS)
        segments = [
            {"start": 2.0 * n, "end": 2.0 * n + 1.8, "text": f"Sentence {n} of a meeting."}
            for n in range(_TRANSCRIPT_SEGMENTS)
        ]
        transcript = json.dumps({"segments": segments}).encode()
        answer = await http.post(
            "/api/imports",
            headers=self._headers,
            files={
                "audio": ("talk.wav", self.recording, "audio/wav"),
                "transcript": ("talk.json", transcript, "application/json"),
            },
        )
        answer.raise_for_status()
        self.number = answer.json()["data"]["transcription_id"]
        status = await http.get(self._path, headers=self._headers)
        status.raise_for_status()
        body = directory / "body.json"
        body.write_bytes(status.content)
        return body

    async def echo_alone(self, seconds: float) -> Latencies:
        """Measure the echo with as many readers, before the load."""
        figures = Latencies(name="echo alone, as many readers")
        await self._reading([(figures, self._echo_reader(), self.options.readers)], seconds)
        return figures

    async def status_alone(self, seconds: float) -> Latencies:
        """Measure the status with its readers, before the load."""
        figures = Latencies(name="status alone")
        await self._reading([(figures, self._status_reader, self.options.readers)], seconds)
        return figures

    async def together(self, http: httpx2.AsyncClient, seconds: float) -> list[Latencies]:
        """Run all clients for some seconds."""
        pause = self.options.pause
        names = ("sockets opened", "pings over sockets", "uploads", "exports")
        opened, pings, uploads, exports = (Latencies(name=name) for name in names)
        status, echo = Latencies(name="status"), Latencies(name="echo during the load")
        async with AsyncExitStack() as stack:
            sockets = await self._sockets(http, stack, opened)
            end = time.monotonic() + seconds
            formats = itertools.cycle(sorted(FORMATS))
            work: list[Awaitable[None]] = [
                repeated(pings, _pinged(socket), pause=10 * pause, end=end, seed=n)
                for n, socket in enumerate(sockets)
            ]
            work += [
                repeated(uploads, lambda: self._upload(http), pause=10 * pause, end=end, seed=n)
                for n in range(self.options.uploaders)
            ]
            work += [
                repeated(
                    exports,
                    lambda: self._export(http, next(formats)),
                    pause=2 * pause,
                    end=end,
                    seed=n,
                )
                for n in range(self.options.exporters)
            ]
            readers = [
                (status, self._status_reader, self.options.readers),
                (echo, self._echo_reader(), max(1, self.options.readers // 10)),
            ]
            await asyncio.gather(self._reading(readers, seconds), *work)
        return [status, echo, opened, pings, uploads, exports]

    async def _reading(
        self, readers: Sequence[tuple[Latencies, Callable[[], Reader], int]], seconds: float
    ) -> None:
        end = time.monotonic() + seconds
        made = [(figures, make()) for figures, make, count in readers for _ in range(count)]
        pause = self.options.pause
        await asyncio.gather(
            *(
                repeated(figures, reader.read, pause=pause, end=end, seed=n)
                for n, (figures, reader) in enumerate(made)
            )
        )
        for _, reader in made:
            reader.close()

    async def _sockets(
        self, http: httpx2.AsyncClient, stack: AsyncExitStack, opened: Latencies
    ) -> list[ClientConnection]:
        """Open all sockets, in sessions of their own for every hundred."""
        sockets: list[ClientConnection] = []
        waiting = iter(range(self.options.sockets))
        tokens = [await _token(http) for _ in range(self.options.sockets // 100 + 1)]
        url = self.url.replace("http", "ws", 1) + "/ws"

        async def take() -> None:
            for number in waiting:
                headers = {"Authorization": f"Bearer {tokens[number // 100]}"}

                async def open_one(headers: dict[str, str] = headers) -> None:
                    opening = connect(
                        url,
                        additional_headers=headers,
                        proxy=None,
                        open_timeout=_ANSWER_SECONDS,
                        ping_interval=None,
                        max_queue=None,
                    )
                    sockets.append(await stack.enter_async_context(opening))

                await opened.measure(open_one)

        await asyncio.gather(*(take() for _ in range(_OPENING)))
        return sockets

    async def _upload(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post(
            "/api/transcription/upload",
            headers=self._headers,
            data={"auto_start": "false"},
            files={"file": ("talk.wav", self.recording, "audio/wav")},
        )
        answer.raise_for_status()
        number = answer.json()["data"]["transcription_id"]
        answer = await http.delete(f"/api/transcription/{number}", headers=self._headers)
        answer.raise_for_status()

    async def _export(self, http: httpx2.AsyncClient, name: str) -> None:
        answer = await http.get(
            f"/api/transcription/export/{self.number}",
            headers=self._headers,
            params={"export_format": name},
        )
        answer.raise_for_status()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def _path(self) -> str:
        return f"/api/transcription/status/{self.number}"

    def _status_reader(self) -> Reader:
        host, port = self.url.removeprefix("http://").split(":")
        return Reader(host, int(port), self._path, self.token)

    def _echo_reader(self) -> Callable[[], Reader]:
        return lambda: Reader("127.0.0.1", self.echo, "/bare", "none")


def _pinged(socket: ClientConnection) -> Act:
    async def ping() -> None:
        await socket.send('{"type": "ping"}')
        async with asyncio.timeout(_ANSWER_SECONDS):
            # Changes of the queue arrive in between.
            while '"pong"' not in str(await socket.recv()):
                pass

    return ping


async def _token(http: httpx2.AsyncClient) -> str:
    answer = await http.post("/api/sessions/create", json={})
    answer.raise_for_status()
    return str(answer.json()["data"]["session_token"])


def _silence(seconds: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000 * seconds))
    return buffer.getvalue()


async def measured(
    servers: EmbeddedServers, services: ServiceStack, options: argparse.Namespace, directory: Path
) -> list[str]:
    """Return the lines of the report."""
    url = str(services.gateway_url)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=200)
    processes = [*servers.processes, *services.processes]
    async with httpx2.AsyncClient(base_url=url, timeout=_ANSWER_SECONDS, limits=limits) as http:
        clients = Clients(url=url, echo=0, options=options)
        body = await clients.prepare(http, directory)
        with echoes.running(body, servers.environment("transcriber")["DATABASE_URL"]) as port:
            clients.echo = port
            alone = max(5.0, options.seconds / 4)
            before = [await clients.echo_alone(alone), await clients.status_alone(alone)]
            memory = {one.name: usage(one.pid).unshared_bytes for one in processes}
            load = [os.getloadavg()[0]]
            together = await clients.together(http, options.seconds)
            load.append(os.getloadavg()[0])
        grown = {
            one.name: (usage(one.pid).unshared_bytes - memory[one.name]) / 1e6 for one in processes
        }
    lines = [
        f"{options.sockets:,} sockets, {options.readers} readers, {options.uploaders} uploaders, "
        f"{options.exporters} exporters, {options.seconds:.0f} s on {os.cpu_count()} cores, "
        f"load average {load[0]:.1f} before and {load[1]:.1f} after",
        "",
        "| requests | per second | median ms | p95 ms | p99 ms | longest ms | failed |",
        "|---|---|---|---|---|---|---|",
        *(figures.row(alone) for figures in before),
        *(figures.row(options.seconds) for figures in together),
        "",
        "Memory during the load: "
        + ", ".join(f"{name} {growth:+,.0f} MB" for name, growth in grown.items()),
    ]
    failed = [reason for figures in (*before, *together) for reason in figures.failed]
    return lines + [f"failed: {reason}" for reason in sorted(set(failed))[:10]]


async def _measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        place = Path(directory)
        async with (
            aembedded_servers(place / "data") as servers,
            arunning_services(servers, overrides=_OVERRIDES) as services,
        ):
            print("\n".join(await measured(servers, services, options, place)))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure many clients at the same time.")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--uploaders", type=int, default=50)
    parser.add_argument("--exporters", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two reads")
    asyncio.run(_measure(parser.parse_args()))


if __name__ == "__main__":
    main()
