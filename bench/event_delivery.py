"""Events of jobs to many WebSockets of one gateway, next to a bare server.

    python -m bench.event_delivery [--clients 200] [--steps 20] [--rounds 5]

Each client has a session and a job of its own. Every step publishes the progress of all jobs, and
the next one follows 50 ms later. The gateway and the bare server, which sends on what it hears,
are measured in turn. Figures are medians of the rounds. The clients share the cores.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection, connect

from bench.processes import usage
from common import bus
from common.events import EventPublisher
from common.rate_limits import Group
from devstack.stack import EmbeddedServers
from devstack.testing import aembedded_servers, arunning_services
from securetranscribe.v1 import event_pb2

_OVERRIDES = {
    "*": {
        "LOG_LEVEL": "WARNING",
        **{f"RATE_LIMIT_{group.name}": "100000000/minute" for group in Group},
    }
}
_STEP_SECONDS = 0.05
_QUIET_SECONDS = 3.0
_ANSWER_SECONDS = 120.0
#: In place of a percentage, for the event of the ending.
_ENDING = -1.0
_LAG = "securetranscribe_event_loop_lag_seconds"
_BUSY = "securetranscribe_event_loop_busy_seconds"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server of WebSockets, its process, and where its metrics are."""

    name: str
    pid: int
    metrics: str
    sessions: Sequence[str]
    sockets: Sequence[ClientConnection]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One round. Seconds are wall time, but processor time where they say so.

    `lag` and `busy` are bounds of the histograms: the longest delay of the event loop, and the
    most that the loop's thread computed during any such delay.
    """

    messages: float
    median: float
    p95: float
    lag: float
    busy: float
    cpu_seconds: float

    def row(self, name: str) -> str:
        """Return a row of the table."""
        return (
            f"| {name} | {self.messages:,.0f} | {1000 * self.median:,.0f} | {1000 * self.p95:,.0f} "
            f"| {1000 * self.lag:,.0f} | {1000 * self.busy:,.0f} "
            f"| {1e6 * self.cpu_seconds / self.messages:,.0f} |"
        )


def typical(rounds: Sequence[Delivery]) -> Delivery:
    """Return the medians of some rounds."""
    named = [field.name for field in fields(Delivery)]
    return Delivery(
        **{name: statistics.median(getattr(one, name) for one in rounds) for name in named}
    )


def worst(before: Mapping[float, float], after: Mapping[float, float]) -> float:
    """Return the smallest bound above all observations between two readings of a histogram."""
    counts = {bound: after[bound] - before[bound] for bound in after}
    return min(bound for bound, count in counts.items() if count == counts[float("inf")])


async def _measured(target: Target, publisher: EventPublisher, steps: int) -> Delivery:
    await asyncio.sleep(_QUIET_SECONDS)
    sent: dict[tuple[str, float], float] = {}
    taken: list[float] = []
    jobs = [(session, f"job_{uuid.uuid4().hex}") for session in target.sessions]
    before, used = await _buckets(target), usage(target.pid).cpu_seconds
    reading = [
        asyncio.create_task(_until_completed(socket, job, sent, taken))
        for socket, (_, job) in zip(target.sockets, jobs, strict=True)
    ]
    for step in range(steps):
        for session, job in jobs:
            sent[job, step] = time.perf_counter()
            await publisher.publish(_progress(session, job, step))
        await asyncio.sleep(_STEP_SECONDS)
    for session, job in jobs:
        sent[job, _ENDING] = time.perf_counter()
        await publisher.publish(_completed(session, job))
    async with asyncio.timeout(_ANSWER_SECONDS):
        await asyncio.gather(*reading)
    used = usage(target.pid).cpu_seconds - used
    after = await _buckets(target)
    taken.sort()
    return Delivery(
        messages=len(taken),
        median=statistics.median(taken),
        p95=taken[int(len(taken) * 0.95)],
        lag=worst(before[_LAG], after[_LAG]),
        busy=worst(before[_BUSY], after[_BUSY]),
        cpu_seconds=used,
    )


async def _until_completed(
    socket: ClientConnection, job: str, sent: Mapping[tuple[str, float], float], taken: list[float]
) -> None:
    """Note how long each message was on its way. Progress may be skipped, never the ending."""
    percent = 0.0
    while percent != _ENDING:
        text = str(await socket.recv())
        if job not in text:  # the state of the queue
            continue
        percent = percent_of(json.loads(text))
        taken.append(time.perf_counter() - sent[job, percent])


def percent_of(message: Mapping[str, Any]) -> float:
    """Return the progress in a message of the gateway or of the bare server."""
    if "jobProgress" in message:
        return float(message["jobProgress"].get("progressPercent", 0.0))
    if message.get("type") == "job_progress":
        return float(message["data"]["progress_percentage"])
    return _ENDING


def _progress(session: str, job: str, percent: float) -> event_pb2.Event:
    return event_pb2.Event(
        session_id=session,
        job_progress=event_pb2.JobProgress(
            job_id=job, transcription_id=1, progress_percent=percent, current_step="Working"
        ),
    )


def _completed(session: str, job: str) -> event_pb2.Event:
    completed = event_pb2.JobCompleted(job_id=job, transcription_id=1)
    completed.complete_time.GetCurrentTime()
    return event_pb2.Event(session_id=session, job_completed=completed)


async def _buckets(target: Target) -> dict[str, dict[float, float]]:
    """Return the cumulative counts of both histograms by bound in seconds."""
    async with httpx2.AsyncClient(timeout=_ANSWER_SECONDS) as http:
        text = (await http.get(target.metrics)).text
    found: dict[str, dict[float, float]] = {_LAG: {}, _BUSY: {}}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name.removesuffix("_bucket")
            if name in found and name != sample.name:
                found[name][float(sample.labels["le"])] = sample.value
    return found


async def _gateway(stack: AsyncExitStack, url: str, pid: int, clients: int) -> Target:
    sessions, sockets = [], []
    address = url.replace("http", "ws", 1) + "/ws"
    async with httpx2.AsyncClient(base_url=url, timeout=_ANSWER_SECONDS) as http:
        for _ in range(clients):
            answer = await http.post("/api/sessions/create", json={})
            answer.raise_for_status()
            session = answer.json()["data"]
            headers = {"Authorization": f"Bearer {session['session_token']}"}
            sockets.append(await _opened(stack, address, headers))
            sessions.append(session["session_id"])
    metrics = f"{url}/metrics"
    return Target(name="gateway", pid=pid, metrics=metrics, sessions=sessions, sockets=sockets)


async def _bare(stack: AsyncExitStack, servers: EmbeddedServers, clients: int) -> Target:
    pid, port, metrics = await stack.enter_async_context(_started(servers))
    sessions = [f"session_{uuid.uuid4().hex}" for _ in range(clients)]
    sockets = [await _opened(stack, f"ws://127.0.0.1:{port}/{one}", {}) for one in sessions]
    return Target(
        name="bare server",
        pid=pid,
        metrics=f"http://127.0.0.1:{metrics}/metrics",
        sessions=sessions,
        sockets=sockets,
    )


async def _opened(stack: AsyncExitStack, address: str, headers: dict[str, str]) -> ClientConnection:
    opening = connect(address, additional_headers=headers, proxy=None, max_queue=None)
    socket = await stack.enter_async_context(opening)
    await socket.recv()
    return socket


@contextlib.asynccontextmanager
async def _started(servers: EmbeddedServers) -> AsyncIterator[tuple[int, int, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.bare_sockets",
        env={**os.environ, **servers.environment("gateway")},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port, metrics = map(int, (await process.stdout.readline()).split())
        yield process.pid, port, metrics
    finally:
        process.terminate()
        await process.wait()


async def _measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        async with (
            aembedded_servers(Path(directory)) as servers,
            arunning_services(servers, overrides=_OVERRIDES) as services,
            AsyncExitStack() as stack,
        ):
            url, pid = str(services.gateway_url), services.process("gateway").pid
            targets = [
                await _bare(stack, servers, options.clients),
                await _gateway(stack, url, pid, options.clients),
            ]
            nats_url = servers.environment("transcriber")["NATS_URL"]
            connection = await bus.connect(nats_url, name="event-delivery")
            publisher = EventPublisher(connection, connection.jetstream(), source="transcriber")
            rounds: dict[str, list[Delivery]] = {target.name: [] for target in targets}
            for _ in range(options.rounds):
                for target in targets:
                    rounds[target.name].append(await _measured(target, publisher, options.steps))
            await connection.close()
    bare, product = (typical(rounds[target.name]) for target in targets)
    print(
        f"{options.clients} clients, {options.steps + 1} events each, {options.rounds} rounds, "
        f"{os.cpu_count()} cores\n\n"
        "| server | messages | median ms | p95 ms | lag ms | of it computing ms | CPU µs each |\n"
        "|---|---|---|---|---|---|---|"
    )
    for target, found in zip(targets, (bare, product), strict=True):
        print(found.row(target.name))
    each = [one.cpu_seconds / one.messages for one in (product, bare)]
    print(
        f"gateway to bare server: p95 {product.p95 / bare.p95:.2f}, lag "
        f"{product.lag / bare.lag:.2f}, CPU per message {each[0] / each[1]:.2f}"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure events on their way to many clients.")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(_measure(parser.parse_args()))


if __name__ == "__main__":
    main()
