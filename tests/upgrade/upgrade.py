"""One upgrade: two releases, owners at work through all phases, and the verdict."""

import asyncio
import functools
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common import logging
from devstack.testing import aembedded_servers
from tests.chaos.book import Book
from tests.chaos.verdict import Examiner, Verdict, completions
from tests.upgrade import journey, releases
from tests.upgrade.crowd import Crowd, crowd, reference_texts
from tests.upgrade.fleet import Fleet, ReplicaError
from tests.upgrade.journey import Migrate, Phase, Replace, Side
from tests.upgrade.log_errors import errors
from tests.upgrade.releases import Release

#: Calls that are carried out at least so often in every phase with one release, and jobs that end.
_DONE: Mapping[str, int] = {
    "upload": 2, "look": 2, "read": 1, "edit": 2, "name": 1, "search": 1, "delete": 1,
}  # fmt: skip
_JOBS = 2
#: While both processes of a service run.
_OVERLAP_CALLS = 5
_PATIENCE_SECONDS = 900.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Size of a run."""

    repository: Path
    old: str
    new: str
    owners: int = 6
    seed: int = 1
    phase_seconds: float = 20.0
    """Of a phase after its steps, at least."""

    overlap_seconds: float = 5.0
    """For which both processes of a service run, at least."""


@dataclass(kw_only=True)
class Passage:
    """What happened in a phase."""

    name: str
    seconds: float
    first: int
    """Number of its first call."""

    waiting: int
    """Unfinished recordings at its beginning."""

    completed: int
    """Jobs that were completed, as events tell."""

    carried: Counter[Side]
    """Bytes between processes, by release of the one that was called."""


@dataclass(kw_only=True)
class Outcome:
    """What happened in a run."""

    plan: Plan
    commits: Mapping[Side, str]
    schemas: Sequence[str]
    """Migrations that only the new release has."""

    book: Book
    verdict: Verdict
    passages: Sequence[Passage]
    seconds: float
    errors: Mapping[Side, Counter[str]] = field(default_factory=dict)
    """Errors in the logs of each release."""

    @property
    def findings(self) -> Sequence[str]:
        """Contradictions between the book and the stack."""
        return self.verdict.findings


async def run(plan: Plan, directory: Path, say: Callable[[str], None] = print) -> Outcome:
    """Run a plan in an empty directory, which keeps the book and the logs."""
    logging.configure(service="upgrade", level="ERROR", style="console")
    begun = time.monotonic()
    found = {
        side: releases.checked_out(plan.repository, revision, directory / f"{side}-sources")
        for side, revision in ((Side.OLD, plan.old), (Side.NEW, plan.new))
    }
    for side, release in found.items():
        if not releases.same_pins(release.root, plan.repository):
            say(f"{release.commit} has other pins, and gets an environment of its own")
        found[side] = releases.installed(release, plan.repository)
        found[side].require_own_sources()
    known = releases.migrations(found[Side.OLD].root)
    schemas = [one for one in releases.migrations(found[Side.NEW].root) if one not in known]
    book = Book(path=directory / "book.jsonl")
    book.findings += _changed(found)
    async with aembedded_servers(directory / "servers") as servers:
        fleet = await Fleet.planned(servers, found, directory)
        try:
            await fleet.sides[Side.OLD].start(*journey.TOGETHER[0])
            await servers.share_events()
            say(f"{found[Side.OLD].commit} ready after {time.monotonic() - begun:.0f} s")
            expected = await reference_texts(fleet)
            async with crowd(fleet, book, owners=plan.owners, seed=plan.seed) as owners:
                passing = _Passing(plan=plan, fleet=fleet, crowd=owners, book=book, say=say)
                await passing.run()
                also = await reference_texts(fleet)
                examiner = Examiner(
                    book=book, sessions=owners.sessions, expected=expected, also=also
                )
                verdict = await examiner.examine(
                    functools.partial(completions, servers.nats.service_url), servers.s3.client()
                )
            verdict.findings += fleet.ended()
        finally:
            stopped = await fleet.close()
    verdict.findings += stopped
    for release in found.values():
        shutil.rmtree(release.root)
    return Outcome(
        plan=plan,
        commits={side: release.commit for side, release in found.items()},
        schemas=schemas,
        book=book,
        verdict=verdict,
        passages=passing.passages,
        seconds=time.monotonic() - begun,
        errors={side: errors(fleet.logs(side)) for side in Side},
    )


@dataclass(kw_only=True)
class _Passing:
    """Goes through all phases with owners at work."""

    plan: Plan
    fleet: Fleet
    crowd: Crowd
    book: Book
    say: Callable[[str], None]
    passages: list[Passage] = field(default_factory=list)

    async def run(self) -> None:
        """Let the owners work until the last phase has ended."""
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for owner in self.crowd.owners:
                group.create_task(owner.run(stopping), name=owner.name)
            try:
                for phase in journey.phases():
                    await self._pass(phase)
            except ReplicaError as error:
                self.book.find(str(error))
            finally:
                stopping.set()

    async def _pass(self, phase: Phase) -> None:
        begun, first = time.monotonic(), len(self.book.records)
        waiting, carried = self.crowd.unfinished(), self.fleet.carried()
        completed = await self._completed()
        self.book.note(phase=phase.name)
        for step in phase.steps:
            await self._do(step)
        if phase.thorough:
            await asyncio.sleep(self.plan.phase_seconds)
            await self._worked(phase.name, first, _DONE, completed + _JOBS)
        now = self.fleet.carried()
        self.passages.append(
            Passage(
                name=phase.name,
                seconds=time.monotonic() - begun,
                first=first,
                waiting=waiting,
                completed=await self._completed() - completed,
                carried=Counter({side: now[side] - carried[side] for side in Side}),
            )
        )
        self.say(f"{phase.name}: {self.passages[-1].seconds:.0f} s")

    async def _do(self, step: Migrate | Replace) -> None:
        replicas = self.fleet.sides[step.side]
        self.book.note(step=str(step))
        if isinstance(step, Migrate):
            await replicas.migrate()
            return
        await replicas.start(*step.processes)
        first = len(self.book.records)
        await asyncio.sleep(self.plan.overlap_seconds)
        await self._worked(f"both of {step.processes}", first, {"": _OVERLAP_CALLS}, 0)
        for finding in self.fleet.ended():
            self.book.find(finding)
        before = self.fleet.sides[step.side.other]
        for problem in await asyncio.gather(*map(before.stop, step.processes)):
            if problem:
                self.book.find(problem)

    async def _worked(
        self, name: str, first: int, wanted: Mapping[str, int], completed: int
    ) -> None:
        """Wait until calls were carried out, by name, and jobs were completed."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            done = Counter(call.name for call in self.book.records[first:] if call.acknowledged)
            done[""] = done.total()
            missing = [one for one in wanted if done[one] < wanted[one]]
            if not missing and (not completed or await self._completed() >= completed):
                return
            if time.monotonic() > deadline:
                self.book.find(f"{name}: too little was done in time, without {missing or 'jobs'}")
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _completed(self) -> int:
        return (await completions(self.fleet.servers.nats.service_url)).total()


def _changed(found: Mapping[Side, Release]) -> list[str]:
    """Return contradictions between the migrations of both releases."""
    names = releases.changed_migrations(found[Side.OLD].root, found[Side.NEW].root)
    return [f"the migration {name} was changed or removed" for name in names]
