"""One run of all kinds of hostile input against a running stack."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bench.fuzz import calls, documents, parsers, payloads, requests, sockets, uploads
from bench.fuzz.oracle import Book
from bench.fuzz.target import Observer, Target
from common import bus
from devstack.service_stack import ServiceStack
from devstack.stack import EmbeddedServers

#: Cases in flight at the same time, and seconds until one without an answer is a fault.
_PARALLEL = 8
_ANSWER_SECONDS = 180
#: Cases of a kind per case of the campaign.
SHARES = {
    uploads.KIND: 1.0,
    calls.KIND: 1.0,
    sockets.KIND: 0.1,
    payloads.KIND: 1.0,
    parsers.KIND: 2.0,
    documents.KIND: 0.2,
    documents.SERVED_KIND: 0.05,
    requests.KIND: 1.0,
}
#: Of one session. The product accepts so many imports at the same time.
_IMPORTS_PARALLEL = 2
#: Operations of the OpenAPI document, about.
_OPERATIONS = 200


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Number of cases and their kinds, empty for all of them."""

    cases: int
    seed: int
    kinds: Collection[str] = ()
    show: Callable[[str], None] = print

    def count(self, kind: str) -> int:
        """Return the number of cases of a kind."""
        if self.kinds and kind not in self.kinds:
            return 0
        return max(1, round(self.cases * SHARES[kind]))

    def seeds(self, kind: str) -> list[str]:
        """Return the seeds of the cases of a kind. Each makes the same case in every run."""
        return [f"{self.seed}:{kind}:{number}" for number in range(self.count(kind))]


async def run(
    servers: EmbeddedServers,
    services: ServiceStack,
    plan: Plan,
    *,
    recording: bytes,
    directory: Path,
) -> Book:
    """Send everything, then check that nothing is left. `recording` is a short good one."""
    book = Book()
    async with httpx2.AsyncClient(
        base_url=services.gateway_url or "", timeout=_ANSWER_SECONDS
    ) as http:
        target = Target(servers=servers, services=services, http=http)
        await target.prepare(recording)
        observer = Observer(target)
        await observer.begin()
        corpus = uploads.corpus()
        sound = [content for _, content in corpus]
        caller = calls.Caller(target)
        client = await bus.connect(servers.nats.service_url, name="fuzz")
        files = parsers.samples()

        async def parsed(seed: str) -> None:
            await asyncio.to_thread(parsers.case, book, files, seed)

        async def rendered(seed: str) -> None:
            await asyncio.to_thread(documents.case, book, seed)

        kinds: dict[str, Callable[[str], Awaitable[None]]] = {
            parsers.KIND: parsed,
            documents.KIND: rendered,
            documents.SERVED_KIND: lambda seed: documents.served_case(
                target, book, recording, seed
            ),
            uploads.KIND: lambda seed: uploads.case(target, book, corpus, seed),
            calls.KIND: lambda seed: caller.case(book, seed),
            sockets.KIND: lambda seed: sockets.case(target, book, sound, seed),
            payloads.KIND: lambda seed: payloads.case(client, book, seed),
        }
        try:
            for kind, case in kinds.items():
                await _all(kind, plan, case)
            if count := plan.count(requests.KIND):
                plan.show(f"{requests.KIND}: about {count:,}")
                examples = max(1, round(count / _OPERATIONS))
                await requests.run(target, book, directory, examples=examples, seed=plan.seed)
            await client.flush()
            await _clean(target)
            await observer.check(book)
        finally:
            await caller.close()
            await bus.close(client)
    return book


async def _all(kind: str, plan: Plan, case: Callable[[str], Awaitable[None]]) -> None:
    """Run the cases of a kind, some at the same time."""
    seeds = plan.seeds(kind)
    if not seeds:
        return
    begun = time.monotonic()
    waiting = iter(seeds)

    async def take() -> None:
        for seed in waiting:
            await case(seed)

    parallel = _IMPORTS_PARALLEL if kind == documents.SERVED_KIND else _PARALLEL
    await asyncio.gather(*(take() for _ in range(parallel)))
    plan.show(f"{kind}: {len(seeds):,} in {time.monotonic() - begun:.0f} s")


async def _clean(target: Target) -> None:
    """Delete everything accepted, also unfinished recordings and uploads."""
    while numbers := await target.transcriptions():
        for number in numbers:
            await target.delete(number)
    for kind in ("captures", "uploads"):
        answer = await target.http.get(f"/api/{kind}", headers=target.headers)
        for one in answer.json()["data"][kind]:
            name = one[f"{kind[:-1]}_id"]
            await target.http.delete(f"/api/{kind}/{name}", headers=target.headers)
