"""Lists, statuses and deletions in tables with few and with a million transcriptions.

    python -m bench.library_size [--sizes 10000 1000000] [--owned 200] [--large 50000]

Starts embedded servers, fills the tables with transcriptions that were processed before, and runs
the product's own steps in this process. Most owners have `--owned` transcriptions, one has
`--large` (or half of the table). `make bench-search-speed` measures the search.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.queue import running
from bench.queue_load import QueueLoad
from common import logging
from common.postgres import Database
from transcriber.composition.actions import make_actions
from transcriber.domain.library import Filter, Sort
from transcriber.store.listing import Listing
from transcriber.store.transcriptions import Transcriptions

_CALLS = 60
_DELETIONS = 30
_PAGE = 20
_LARGE = "large"
_TO_LARGE = """
UPDATE transcriptions SET session_id = 'large', workspace_id = 'large' WHERE id <= %s
"""
_OWNERS = """
SELECT workspace_id FROM transcriptions WHERE workspace_id <> 'large'
GROUP BY workspace_id ORDER BY workspace_id
"""
_IDS = "SELECT id FROM transcriptions WHERE workspace_id = %s"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure a library of many transcriptions.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--owned", type=int, default=200)
    parser.add_argument("--large", type=int, default=50_000)
    options = parser.parse_args()
    logging.configure(service="bench", level="ERROR", style="console")
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
    print("| step | transcriptions | owner has | median | p95 |\n|---|---|---|---|---|")
    for size in options.sizes:
        asyncio.run(_measure(size, options))


async def _measure(size: int, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        async with running(Path(directory)) as (core, _clients):
            database = core.servers.database
            load = QueueLoad(database, owners=max(1, size // options.owned))
            await load.completed(size)
            large = min(options.large, size // 2)
            await database.execute(_TO_LARGE, (large,))
            await load.settled()
            owners = [row["workspace_id"] for row in await database.fetch_all(_OWNERS)]
            draw = random.Random(1)
            some = [draw.choice(owners) for _ in range(_CALLS)]
            for held, of in ((options.owned, some), (large, [_LARGE] * _CALLS)):
                await _lists(database, size, held, of)
            deleter = make_actions(core).deleter
            for held, owner in ((options.owned, some[0]), (large, _LARGE)):
                ids = [row["id"] for row in await database.fetch_all(_IDS, (owner,))]
                doomed = draw.sample(ids, min(_DELETIONS, len(ids)))
                await _show(
                    "deletion",
                    size,
                    held,
                    [lambda n=n, o=owner: deleter.delete(n, o) for n in doomed],  # type: ignore[misc]
                )


async def _lists(database: Database, size: int, held: int, owners: list[str]) -> None:
    for name, sort, wanted in (
        ("first page, newest", Sort.NEWEST, Filter()),
        ("first page, by title", Sort.TITLE, Filter()),
        ("first page of favorites", Sort.NEWEST, Filter(favorite=True)),
    ):

        async def page(owner: str, sort: Sort = sort, wanted: Filter = wanted) -> None:
            async with database.transaction() as connection:
                found = await Listing(connection, owner).page(wanted, sort=sort, limit=_PAGE)
                await Transcriptions(connection).get_all(found.ids)

        await _show(name, size, held, [lambda o=o, p=page: p(o) for o in owners])  # type: ignore[misc]

    async def status(owner: str) -> None:
        async with database.transaction() as connection:
            found = await Listing(connection, owner).page(Filter(), limit=1)
            await Transcriptions(connection).find(found.ids[0], owner)

    await _show("newest one and its status", size, held, [lambda o=o: status(o) for o in owners])  # type: ignore[misc]


async def _show(
    what: str, size: int, held: int, acts: list[Callable[[], Awaitable[object]]]
) -> None:
    took = []
    for act in acts:
        begun = time.perf_counter()
        await act()
        took.append(1000 * (time.perf_counter() - begun))
    ordered = sorted(took)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    print(
        f"| {what} | {size:,} | {held:,} | {statistics.median(took):.1f} ms | {p95:.1f} ms |",
        flush=True,
    )


if __name__ == "__main__":
    main()
