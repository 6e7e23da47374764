"""Speed of the queue on real servers: Postgres, NATS and the steps between them.

    python -m bench.queue [--queued 1000 98000] [--history 200000] [--workers 10000]

Starts embedded servers, fills the queue and runs the product's own steps in this process, one
after the other. Figures are per process of the transcriber's api.
"""

import argparse
import asyncio
import os
import platform
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from bench.queue_load import QueueLoad
from common import bus, logging
from common.background.wakeups import WakeUp
from devstack.testing import aembedded_servers
from securetranscribe.v1 import queue_pb2
from transcriber.composition.actions import make_actions
from transcriber.composition.core import Core, connect_servers, make_core
from transcriber.domain.jobs import JobStatus, Stage
from transcriber.outbox.relay import JobOutboxRelay
from transcriber.queue.dispatcher import Dispatcher
from transcriber.queue.job_start import StartRequest
from transcriber.queue.results import ResultStep
from transcriber.queue.workers import WorkerRegistry
from transcriber.settings import ApiSettings
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import ProgressReport
from transcriber.wakeups import WakeUps

_OWNERS = 5000
_USERS = {Stage.TRANSCRIBE: "transcriber-worker", Stage.DIARIZE: "diarizer"}
_STARTS = 50
_REPORTS = 500
_PUBLISHED = 5000
_HANDED_OUT = "SELECT task_id::text AS id FROM tasks WHERE state = 'released' ORDER BY 1 LIMIT %s"
_FIRST_OF_OWNERS = """
SELECT DISTINCT ON (workspace_id) job_id, workspace_id FROM jobs WHERE status = 'queued'
ORDER BY workspace_id, id LIMIT %s
"""
_NEWEST = "SELECT job_id, workspace_id FROM jobs ORDER BY id DESC LIMIT %s"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A number of items and the seconds they took."""

    what: str
    queued: int
    count: int
    seconds: float

    def __str__(self) -> str:
        each = self.seconds / self.count * 1000
        return (
            f"| {self.what} | {self.queued:,} | {self.count:,} | {self.count / self.seconds:,.0f} "
            f"| {each:,.2f} ms |"
        )


class _Owner:
    """A session of a workspace of its own."""

    def __init__(self, name: str) -> None:
        self.session_id = self.workspace_id = name


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the queue on real servers.")
    parser.add_argument("--queued", type=int, nargs="+", default=[1000, 98_000])
    parser.add_argument("--history", type=int, default=200_000, help="jobs that ended before")
    parser.add_argument("--workers", type=int, default=10_000)
    options = parser.parse_args()
    logging.configure(service="bench", level="ERROR", style="console")
    asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print("\n| step | waiting jobs | items | per second | each |\n|---|---|---|---|---|")
    _show(heartbeats(options.workers))
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        async with running(Path(directory)) as (core, clients):
            load = QueueLoad(core.servers.database, owners=_OWNERS)
            if options.history:
                await load.completed(options.history)
            bench = QueueBench(core, clients)
            for queued in options.queued:
                await load.queued(queued - await bench.waiting())
                await load.settled()
                await bench.run(load)
            _show(await bench.published())


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[tuple[Core, Mapping[Stage, Client]]]:
    """Run servers. Yield an api process's shared objects, and a worker's connection per stage."""
    async with aembedded_servers(directory) as servers, AsyncExitStack() as stack:
        os.environ.update(servers.environment("transcriber"))
        os.environ |= {
            "SECRET_KEY": "a secret of the benchmark, long enough",
            "QUEUE_SIZE": "100000",
            "ENCRYPTION": "off",
            "PLAYBACK_COPY": "false",
            # No server is started.
            "GRPC_PORT": "1",
        }
        settings = ApiSettings()
        threads = stack.enter_context(ThreadPoolExecutor(2))
        core = make_core(settings, await connect_servers(settings, stack), threads)
        clients = {}
        for stage, user in _USERS.items():
            url = servers.environment(user)["NATS_URL"]
            clients[stage] = await bus.connect(url, name="bench")
            stack.push_async_callback(bus.close, clients[stage])
        yield core, clients


def heartbeats(workers: int) -> Measured:
    """Measure heartbeats in a registry of many workers."""
    registry = registered(workers)
    count = min(workers, 2000)
    begun = time.perf_counter()
    for number in range(count):
        registry.note(_beat(number, task="t"))
    seconds = time.perf_counter() - begun
    return Measured(
        what=f"heartbeats of {workers:,} workers", queued=0, count=count, seconds=seconds
    )


def registered(workers: int) -> WorkerRegistry:
    """Return a registry of workers of both stages that never fall silent."""
    registry = WorkerRegistry(freed=WakeUp(), on_task=lambda _report: None, clock=lambda: 0.0)
    for number in range(workers):
        registry.note(_beat(number))
    return registry


def _beat(number: int, task: str = "") -> queue_pb2.WorkerHeartbeat:
    stage = queue_pb2.STAGE_DIARIZE if number % 2 else queue_pb2.STAGE_TRANSCRIBE
    return queue_pb2.WorkerHeartbeat(worker_id=f"w{number}", stage=stage, task_id=task)


class QueueBench:
    """Measures the steps on a filled queue."""

    def __init__(self, core: Core, clients: Mapping[Stage, Client]) -> None:
        """`clients` are the connections of workers."""
        self._core = core
        self._clients = clients
        self._database = core.servers.database
        self._starter = make_actions(core).starter
        self._relay = JobOutboxRelay(self._database, core.servers.client, core.servers.stream)
        self._results = ResultStep(self._database, core.servers.stream, core.delivery, WakeUps())

    async def waiting(self) -> int:
        """Return the number of waiting jobs."""
        query = "SELECT count(*) AS jobs FROM jobs WHERE status = 'queued'"
        return int((await self._database.fetch_all(query))[0]["jobs"])

    async def run(self, load: QueueLoad) -> None:
        """Print the figures of the queue as it is."""
        queued = await self.waiting()
        for parallel in (1, 8):
            recordings = await load.recordings(_STARTS)
            seconds = await _timed(lambda one=recordings, many=parallel: self._start(one, many))  # type: ignore[misc]
            _show(_measured(f"starts, {parallel} at a time", queued, _STARTS, seconds))
        await self._publish("", queued)
        seconds = await _timed(self._snapshot)
        _show(_measured("snapshots of the queue", queued, 1, seconds))
        await self._read(queued, await load.recordings(_STARTS))
        await self._dispatch("dispatcher's rounds for one task of each stage", queued, 0, rounds=3)
        await self._dispatch("tasks released, 2,000 in a round", queued, 2000, rounds=1)
        await self._publish("tasks published by the outbox", queued)
        await self._work(queued)

    async def published(self) -> Measured:
        """Measure publications of small messages, 50 at a time."""
        stream = self._clients[Stage.DIARIZE].jetstream()
        subject = bus.results_subject(Stage.DIARIZE)
        payload = queue_pb2.TaskResult(task_id="").SerializeToString()

        async def publish(_number: int) -> None:
            await stream.publish(subject, payload)

        seconds = await _timed(lambda: _parallel(publish, range(_PUBLISHED), 50))
        return _measured("publications in JetStream, 50 at a time", 0, _PUBLISHED, seconds)

    async def _start(self, recordings: Iterable[int], parallel: int) -> None:
        rows = await self._database.fetch_all(
            "SELECT id, session_id FROM transcriptions WHERE id = ANY(%s)", (list(recordings),)
        )
        owners = {row["id"]: row["session_id"] for row in rows}

        async def start(number: int) -> None:
            await self._starter.start(number, _Owner(owners[number]), StartRequest(priority=5))

        await _parallel(start, list(owners), parallel)

    async def _snapshot(self) -> None:
        async with self._database.transaction() as connection:
            await self._core.monitor.snapshot(connection)

    async def _read(self, queued: int, recordings: Iterable[int]) -> None:
        """Measure what callers ask of the queue: an old job, a new one, and pages of jobs."""
        rows = await self._database.fetch_all(_FIRST_OF_OWNERS, (_STARTS,))
        await self._start(recordings, 1)
        new = await self._database.fetch_all(_NEWEST, (_STARTS,))
        for what, jobs in (("positions", rows), ("positions of new jobs", new)):
            seconds = await _timed(lambda some=jobs: self._positions(some))  # type: ignore[misc]
            _show(_measured(what, queued, len(jobs), seconds))
        seconds = await _timed(lambda: self._pages(rows))
        _show(_measured("pages of 50 jobs", queued, len(rows), seconds))

    async def _positions(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        for row in jobs:
            async with self._database.transaction() as connection:
                found = await Jobs(connection).find(row["job_id"], row["workspace_id"])
                assert found is not None, "it was read before"
                snapshot = await self._core.monitor.shown(connection, found.job_id)
            if not snapshot.positions[found.job_id]:
                raise RuntimeError("a waiting job has no position")

    async def _pages(self, owners: Sequence[Mapping[str, Any]]) -> None:
        for row in owners:
            async with self._database.transaction() as connection:
                jobs, _ = await Jobs(connection).page(
                    row["workspace_id"], status=None, transcription_id=0, limit=50, offset=0
                )
                waiting = [job.job_id for job in jobs if job.status is JobStatus.QUEUED]
                await self._core.monitor.shown(connection, *waiting)

    async def _dispatch(self, what: str, queued: int, tasks: int, *, rounds: int) -> None:
        released = await self._handed_out()
        seconds = 0.0
        for round_number in range(rounds):
            dispatcher = Dispatcher(
                self._database,
                registered(released + tasks + 2 * round_number),
                WakeUps(),
                issuer=self._core.issuer,
            )
            seconds += await _timed(dispatcher.step)
        count = await self._handed_out() - released
        if count <= 0:
            raise RuntimeError("the dispatcher released nothing")
        _show(_measured(what, queued, rounds if not tasks else count, seconds))

    async def _handed_out(self) -> int:
        query = "SELECT count(*) AS tasks FROM tasks WHERE state IN ('released', 'running')"
        return int((await self._database.fetch_all(query))[0]["tasks"])

    async def _publish(self, what: str, queued: int) -> None:
        """Publish the outbox. Print the figure under a name, if there is one."""
        query = "SELECT count(*) AS messages FROM outbox"
        count = int((await self._database.fetch_all(query))[0]["messages"])
        seconds = await _timed(self._relay.step)
        if what:
            _show(_measured(what, queued, count, seconds))

    async def _work(self, queued: int) -> None:
        """Measure the deliveries, the reports and the results of the released tasks."""
        delivered = 0
        begun = time.perf_counter()
        for stage in (Stage.TRANSCRIBE, Stage.DIARIZE):
            delivered += await self._fetch(stage)
        seconds = time.perf_counter() - begun
        _show(_measured("tasks fetched and acknowledged, 8 workers", queued, delivered, seconds))
        rows = await self._database.fetch_all(_HANDED_OUT, (_REPORTS,))
        tasks = [row["id"] for row in rows]
        for task in tasks:
            self._core.recorder.note(ProgressReport(task_id=task, worker_id="w", fraction=0.1))
        seconds = await _timed(self._core.recorder.step)
        _show(_measured("reports of progress stored", queued, len(tasks), seconds))
        for task in tasks:
            self._core.recorder.note(ProgressReport(task_id=task, worker_id="w"))
        seconds = await _timed(self._core.recorder.step)
        _show(_measured("heartbeats of running tasks stored", queued, len(tasks), seconds))
        half = len(tasks) // 2
        for parallel, some in ((1, tasks[:half]), (8, tasks[half:])):
            seconds = await _timed(lambda one=some, many=parallel: self._accept(one, many))  # type: ignore[misc]
            _show(_measured(f"results accepted, {parallel} at a time", queued, len(some), seconds))

    async def _fetch(self, stage: Stage) -> int:
        stream = self._clients[stage].jetstream()
        left = (await stream.consumer_info(bus.TASKS_STREAM, stage)).num_pending or 0
        total = left

        async def work(_number: int) -> None:
            nonlocal left
            consumer = await stream.pull_subscribe_bind(durable=stage, stream=bus.TASKS_STREAM)
            while left > 0:
                left -= 1
                for message in await consumer.fetch(1, timeout=5):
                    await message.ack_sync()

        await _parallel(work, range(8), 8)
        return total

    async def _accept(self, tasks: Sequence[str], parallel: int) -> None:
        async def accept(task: str) -> None:
            if not await self._results.accept(queue_pb2.TaskResult(task_id=task, worker_id="w")):
                raise RuntimeError("the result was refused")

        await _parallel(accept, tasks, parallel)


def _measured(what: str, queued: int, count: int, seconds: float) -> Measured:
    return Measured(what=what, queued=queued, count=count, seconds=seconds)


def _show(figures: Measured) -> None:
    print(figures, flush=True)


async def _timed(act: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await act()
    return time.perf_counter() - begun


async def _parallel(
    act: Callable[..., Awaitable[None]], items: Sequence[int] | Sequence[str], limit: int
) -> None:
    """Handle items, a number of them at a time."""
    waiting = iter(items)

    async def take() -> None:
        for item in waiting:
            await act(item)

    await asyncio.gather(*(take() for _ in range(limit)))


if __name__ == "__main__":
    main()
