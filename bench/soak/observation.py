"""Figures of a running stack over time: processes, rows and objects."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from bench.fuzz.target import LEDGER
from bench.processes import usage
from bench.recordings import sample
from bench.soak.growth import Growth, growth
from bench.soak.work import Work
from common.objects import ObjectStore
from common.settings import ObjectSettings
from devstack.process import Process
from devstack.service_stack import ServiceStack
from devstack.stack import EmbeddedServers
from tests.e2e.recordings import excerpt

_SCHEMAS = ("gateway", "transcriber", "speakers")
_BUCKETS = ("audio", "results")
_MEGABYTE = 1e6
#: Differences without any meaning: megabytes, descriptors, sockets, rows and objects.
_FLOORS = {"MB": 8.0, "descriptors": 8.0, "sockets": 8.0, "rows": 60.0, "objects": 12.0}
_CLIP_START, _CLIP_SECONDS = 7, 4
# Deletions, ended workspaces and the audit log are kept on purpose.
_TABLES = """
SELECT relname FROM pg_stat_user_tables
WHERE schemaname = current_schema()
  AND relname NOT IN ('erasures', 'ended_workspaces', 'audit_entries')
"""


@dataclass(kw_only=True)
class Record:
    """Series of a run by kind of figure, then by process, schema or bucket."""

    times: list[float] = field(default_factory=list)
    series: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def note(self, at: float, figures: Mapping[str, Mapping[str, float]]) -> None:
        """Add the figures of one moment."""
        self.times.append(at)
        for kind, values in figures.items():
            for name, value in values.items():
                self.series[kind][name].append(value)

    def growths(self) -> list[Growth]:
        """Return the growth of every series."""
        return [
            growth(f"{name}, {kind}", self.times, values, floor=_FLOORS[kind])
            for kind, of_kind in self.series.items()
            for name, values in of_kind.items()
        ]


class Observer:
    """Reads all figures from outside of the processes."""

    def __init__(self, servers: EmbeddedServers, processes: list[Process]) -> None:
        self._servers = servers
        self._processes = processes
        variables = servers.environment("transcriber")
        settings = {name.lower(): value for name, value in variables.items() if "S3_" in name}
        self._store = ObjectStore(ObjectSettings(**settings))  # type: ignore[arg-type]

    async def look(self) -> dict[str, dict[str, float]]:
        """Return the figures of this moment, by kind."""
        used = {one.name: await asyncio.to_thread(usage, one.pid) for one in self._processes}
        return {
            "MB": {name: one.unshared_bytes / _MEGABYTE for name, one in used.items()},
            "descriptors": {name: float(one.descriptors) for name, one in used.items()},
            "sockets": {name: float(one.sockets) for name, one in used.items()},
            "rows": {schema: await asyncio.to_thread(self._rows, schema) for schema in _SCHEMAS},
            "objects": {bucket: await self._objects(bucket) for bucket in _BUCKETS},
        }

    async def _objects(self, bucket: str) -> float:
        keys = await self._store.keys(bucket)
        return float(sum(not key.startswith(LEDGER) for key in keys))

    def _rows(self, schema: str) -> float:
        url = self._servers.environment(schema)["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            names = [row[0] for row in connection.execute(_TABLES)]
            counts = (
                connection.execute(
                    sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
                ).fetchone()
                for name in names
            )
            return float(sum(row[0] for row in counts if row))

    def close(self) -> None:
        """Close the connection to the object store."""
        self._store.close()


async def observed(
    servers: EmbeddedServers, services: ServiceStack, seconds: float, *, interval: float
) -> tuple[Record, Work]:
    """Run the load on a stack for some seconds, and look at it at every interval.

    The run is longer if a kind of work has not been done once by then.
    """
    recording = excerpt(sample().audio, start=_CLIP_START, seconds=_CLIP_SECONDS)
    work = Work(url=str(services.gateway_url), recording=recording)
    observer = Observer(servers, [*servers.processes, *services.processes])
    record, begun = Record(), time.monotonic()
    running = asyncio.create_task(work.run(), name="soak load")
    try:
        while (now := time.monotonic() - begun) < seconds or (
            len(work.done) < len(work.KINDS) and not work.failed
        ):
            record.note(now, await observer.look())
            await asyncio.sleep(interval)
    finally:
        work.stop()
        await running
        observer.close()
    return record, work
