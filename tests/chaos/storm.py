"""One run: a stack with proxies, owners at work, a schedule of faults, and the verdict."""

import asyncio
import functools
import io
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio

from bench.recordings import sample
from common import logging
from devstack.config import StackConfig
from devstack.files import DataDirectory
from devstack.inspection import inspect
from devstack.stack import EmbeddedServers
from devstack.state import read_state
from securetranscribe import AsyncSecureTranscribeClient
from tests import small_disk
from tests.chaos import clocks, runner
from tests.chaos.book import Book
from tests.chaos.clients import GrpcClient, RestClient
from tests.chaos.deliveries import Deliveries
from tests.chaos.faults import Faults
from tests.chaos.live import Speech, speak
from tests.chaos.network import PAIRS, SERVER_VARIABLES, SERVICE_VARIABLES, Network
from tests.chaos.owners import Owner, Quota, Recording, until_done
from tests.chaos.schedule import Fault, Field, Kind, schedule
from tests.chaos.sockets import watch
from tests.chaos.verdict import Examiner, Verdict, completions
from tests.e2e.recordings import excerpt
from tests.e2e.supervised import WELL_SECONDS, SupervisedStack, supervised_stack

DISK_MEGABYTES = 2500
PROCESSES = (*SERVER_VARIABLES.values(), *SERVICE_VARIABLES.values())
#: Of all clients together, between two calls.
_CALL_SECONDS = 0.1
_REFERENCE_SECONDS = 900.0
#: Until all processes are healthy again, and until the clients have done something of everything.
_PATIENCE_SECONDS = 900.0
#: Calls that are carried out at least once in every run, so that there is something to compare.
#: Owners work on after the faults for it.
_DONE: Mapping[str, int] = {
    "upload": 1, "look": 1, "read": 1, "edit": 10, "name": 2, "search": 1, "delete": 1,
}  # fmt: skip
#: Most are short, so that many jobs run.
SHARES: Mapping[str, int] = {"short": 8, "middle": 2, "long": 1}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Size of a run."""

    seed: int
    kills: int
    owners: int = 20
    jobs: int = 200
    longest_seconds: float = 60.0
    longest_pause: float = 6.0
    live: int = 1
    """Owners with live sessions."""

    shares: Mapping[str, int] = field(default_factory=lambda: SHARES)
    """Recordings to choose among, by kind."""

    kinds: frozenset[Kind] = frozenset(Kind)
    """Kinds of faults, as far as the machine allows them."""

    faults: tuple[Fault, ...] | None = None
    """Schedule to use instead of that of the seed."""


@dataclass(kw_only=True)
class Outcome:
    """What happened in a run."""

    plan: Plan
    faults: tuple[Fault, ...]
    done: Counter[Kind]
    verdict: Verdict
    seconds: float
    restarts: Mapping[str, int] = field(default_factory=dict)

    @property
    def findings(self) -> Sequence[str]:
        """Contradictions between the book and the stack."""
        return self.verdict.findings


def possible_kinds() -> frozenset[Kind]:
    """Return the faults that this machine allows."""
    without = set()
    if not small_disk.possible():
        without.add(Kind.FILL)
    if clocks.library() is None:
        without.add(Kind.TURN_CLOCK)
    return frozenset(Kind) - without


async def run(plan: Plan, directory: Path, say: Callable[[str], None] = print) -> Outcome:
    """Run a plan in an empty directory, which keeps the book and the logs."""
    logging.configure(service="chaos", level="ERROR", style="console")
    begun = time.monotonic()
    book = Book(path=directory / "book.jsonl")
    kinds = plan.kinds & possible_kinds()
    async with _stack(directory, kinds) as (stack, network):
        servers = EmbeddedServers(StackConfig(data_directory=stack.seen))
        servers.attach()
        async with _prepared(plan, stack, network, book) as prepared:
            say(f"stack ready after {time.monotonic() - begun:.0f} s")
            faults = (
                plan.faults
                if plan.faults is not None
                else schedule(
                    plan.seed,
                    Field(
                        processes=PROCESSES,
                        links=PAIRS,
                        kinds=kinds,
                        clocks=(*SERVICE_VARIABLES.values(), "postgres"),
                    ),
                    kills=plan.kills,
                    longest_seconds=plan.longest_seconds,
                    longest_pause=plan.longest_pause,
                )
            )
            deliveries = await Deliveries.watch(servers.nats.service_url)
            doing = Faults(
                stack=stack,
                network=network,
                deliveries=deliveries,
                book=book,
                disk_megabytes=DISK_MEGABYTES,
                clocks=directory,
            )
            await prepared.work(doing, faults)
            say(f"faults ended after {time.monotonic() - begun:.0f} s, {len(book.records)} calls")
            try:
                await _recovered(stack)
                verdict = await prepared.examiner.examine(
                    functools.partial(completions, servers.nats.service_url), servers.s3.client()
                )
            except StackLostError as error:
                verdict = Verdict(findings=[*book.findings, str(error)])
            await deliveries.close()
            restarts = _restarts(stack)
            verdict.findings += _crashes(restarts, doing)
        if await asyncio.to_thread(stack.stop):
            verdict.findings.append(f"the stack did not stop in order:\n{stack.log()[-2000:]}")
    return Outcome(
        plan=plan,
        faults=faults,
        done=doing.done,
        verdict=verdict,
        seconds=time.monotonic() - begun,
        restarts=restarts,
    )


@asynccontextmanager
async def _stack(
    directory: Path, kinds: frozenset[Kind]
) -> AsyncIterator[tuple[SupervisedStack, Network]]:
    """Run the product with proxies between its processes."""
    network = await Network.listening()
    links = directory / "links.json"
    links.write_text(json.dumps(network.table()))

    def connect(stack: SupervisedStack) -> None:
        network.files = DataDirectory(root=stack.seen)
        network.http_port = stack.port

    # The proxies work while it starts and ends, so both happen in other threads.
    running = supervised_stack(
        directory,
        {
            "DEVSTACK_SERVICE_SECONDS": str(WELL_SECONDS * 3),
            **({runner.CLOCKS: str(directory)} if Kind.TURN_CLOCK in kinds else {}),
        },
        disk_megabytes=DISK_MEGABYTES if Kind.FILL in kinds else 0,
        program=("-P", runner.__file__, str(links)),
        on_started=connect,
    )
    stack = await asyncio.to_thread(running.__enter__)
    try:
        yield stack, network
    finally:
        network.heal()
        await asyncio.to_thread(running.__exit__, None, None, None)
        await network.close()


@dataclass(kw_only=True)
class _Prepared:
    """Clients with sessions, and the texts of the recordings."""

    owners: Sequence[Owner]
    through: Mapping[str, AsyncSecureTranscribeClient]
    """Clients by owner, behind the proxies."""

    speakers: Sequence[str]
    speech: Speech
    examiner: Examiner

    async def work(self, doing: Faults, faults: Sequence[Fault]) -> None:
        """Let everybody work until the faults have ended and each call was carried out once."""
        stopping, plan_seed = asyncio.Event(), self.owners[0].seed
        book = doing.book
        watchers = [
            asyncio.create_task(watch(api, name, book), name=f"watch {name}")
            for name, api in self.through.items()
        ]
        async with asyncio.TaskGroup() as group:
            for owner in self.owners:
                group.create_task(owner.run(stopping), name=owner.name)
            for name in self.speakers:
                group.create_task(
                    speak(self.through[name], name, self.speech, book, stopping), name=name
                )
            try:
                # Otherwise a quick schedule ends before there is anything to lose.
                begun = {"upload": len(self.owners), "edit": 1}
                await until_done(book, begun, seconds=_PATIENCE_SECONDS)
                await doing.run(faults, seed=plan_seed)
                doing.network.heal()
                await until_done(book, _DONE, seconds=_PATIENCE_SECONDS)
            except* TimeoutError as errors:
                for error in errors.exceptions:
                    book.find(f"a process needs a person: {error}")
            finally:
                doing.network.heal()
                stopping.set()
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)


@asynccontextmanager
async def _prepared(
    plan: Plan, stack: SupervisedStack, network: Network, book: Book
) -> AsyncIterator[_Prepared]:
    """Make sessions, and transcribe each kind of recording once without faults."""
    recordings = recordings_by_kind()
    live = recordings["live"]
    names = [f"owner{number}" for number in range(1, plan.owners + 1)]
    through, direct, owners = {}, {}, []
    quota = Quota(left=plan.jobs)
    async with AsyncExitStack() as exits:
        for name in names:
            api = AsyncSecureTranscribeClient(f"http://{network.address('gateway')}/api")
            through[name] = await exits.enter_async_context(api)
            await api.get_session()
            assert api.session_token is not None
            direct[name] = await exits.enter_async_context(
                AsyncSecureTranscribeClient(stack.api_url, api.session_token)
            )
            channel = await exits.enter_async_context(
                grpc.aio.insecure_channel(network.address("transcriber-api"))
            )
            owners.append(
                Owner(
                    name=name,
                    clients=(
                        RestClient(api=api),
                        GrpcClient(channel=channel, token=api.session_token),
                    ),
                    recordings=[
                        Recording(kind=kind, content=recordings[kind])
                        for kind, share in plan.shares.items()
                        for _ in range(share)
                    ],
                    quota=quota,
                    book=book,
                    seed=plan.seed,
                    pause_seconds=_CALL_SECONDS * plan.owners,
                )
            )
        # By another session, so that it is not among those of the owners.
        async with AsyncSecureTranscribeClient(stack.api_url) as reference:
            wanted = {*plan.shares, *(["live"] if plan.live else [])}
            expected = await texts_of(
                reference, {kind: recordings[kind] for kind in sorted(wanted)}
            )
        yield _Prepared(
            owners=owners,
            through=through,
            speakers=names[: plan.live],
            speech=Speech.of(live),
            examiner=Examiner(book=book, sessions=direct, expected=expected),
        )


def recordings_by_kind() -> dict[str, bytes]:
    """Return the recordings that owners upload, and that of live sessions."""
    whole = sample().audio
    return {
        "short": excerpt(whole, start=7, seconds=4),
        "middle": excerpt(whole, start=7, seconds=10),
        "long": whole.read_bytes(),
        "live": excerpt(whole, start=7, seconds=12),
    }


async def texts_of(
    api: AsyncSecureTranscribeClient, recordings: Mapping[str, bytes]
) -> dict[str, str]:
    """Return the recognized texts by kind."""
    numbers = {}
    for kind, content in recordings.items():
        uploaded = await api.upload_audio(
            io.BytesIO(content), filename=f"{kind}.wav", auto_start=True, language="en"
        )
        numbers[kind] = uploaded["transcription_id"]
    texts = {}
    for kind, number in numbers.items():
        await api.wait(number, timeout_seconds=_REFERENCE_SECONDS)
        page = await api.read_transcript(number, revision=1, words=False)
        texts[kind] = " ".join(segment["text"] for segment in page["segments"])
    return texts


async def _recovered(stack: SupervisedStack) -> None:
    """Wait until every process is healthy.

    Raises:
        StackLostError: a process does not recover.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = await asyncio.to_thread(inspect, DataDirectory(root=stack.seen))
        if found is not None and found.healthy:
            return
        if found is None or time.monotonic() > deadline:
            rows = [] if found is None else [f"{row.name}: {row.problem}" for row in found.rows]
            raise StackLostError("\n".join([*rows, stack.log()[-4000:]]))
        await asyncio.sleep(0.5)


class StackLostError(Exception):
    """The stack has ended, or does not recover without a person."""


def _crashes(restarts: Mapping[str, int], doing: Faults) -> list[str]:
    """Return the processes that ended by themselves. On a full disk they may."""
    if doing.done[Kind.FILL]:
        return []
    return [
        f"{name} ended {number - doing.ended[name]} times by itself"
        for name, number in restarts.items()
        if number > doing.ended[name]
    ]


def _restarts(stack: SupervisedStack) -> dict[str, int]:
    state = read_state(DataDirectory(root=stack.seen).state)
    return {} if state is None else {name: one.restarts for name, one in state.conditions.items()}
