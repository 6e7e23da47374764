"""Completion of captures that is killed anywhere ends with one transcription."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from common.audio.signals import ChannelMode
from common.background.clock_watch import ClockWatch
from common.identity import Grant
from common.objects import ObjectStore
from common.postgres import Database
from tests.clocks import Clocks
from tests.integration.transcriber.fakes import until
from tests.live_recordings import chunks, tone, webm
from transcriber.captures.assembly import Assembler
from transcriber.captures.completion import CaptureCompletion, CaptureStep
from transcriber.captures.creation import CaptureCreator
from transcriber.captures.reception import ChunkReception, NewChunk
from transcriber.domain.options import ProcessingOptions
from transcriber.queue.admission import Admission, Quotas
from transcriber.queue.job_start import JobStarter
from transcriber.queue.queue_status import QueueMonitor
from transcriber.queue.task_planning import TaskPlanner
from transcriber.queue.workers import WorkerRegistry
from transcriber.recordings.acceptance import Acceptance, UploadRequest
from transcriber.recordings.adoption import Adoption
from transcriber.recordings.examination import Examiner
from transcriber.store.captures import Captures
from transcriber.wakeups import WakeUps

OWNER = Grant(session_id="session_a", workspace_id="session_a")
PLENTY = Quotas(
    queue_size=100,
    queue_share=1.0,
    stored_bytes=1 << 40,
    queued_seconds=1e9,
    address_stored_bytes=1 << 40,
    address_queued_seconds=1e9,
)
_COUNTS = """
SELECT (SELECT count(*) FROM transcriptions) AS transcriptions,
       (SELECT count(*) FROM jobs) AS jobs,
       (SELECT count(*) FROM captures WHERE state = 'completed' AND NOT remains) AS completed,
       (SELECT count(*) FROM capture_chunks) AS chunks
"""
_IDLE = "UPDATE captures SET state = 'receiving', idle_at = now() - interval '1 second'"
_STATES = "SELECT state FROM captures"
_UNREST = "DELETE FROM item_attempts"
_EMPTY = "TRUNCATE transcriptions, jobs, captures CASCADE"
_MOST_MOMENTS = 200


class Death:
    """Kills at one of the moments before and after each operation on a server."""

    def __init__(self, moment: int) -> None:
        self._left = moment

    def moment(self) -> None:
        """Be killed at this moment, or live on."""
        if self._left == 0:
            raise asyncio.CancelledError
        self._left -= 1


class MortalDatabase:
    """A database whose client is killed at a moment."""

    def __init__(self, database: Database, death: Death) -> None:
        self._database = database
        self._death = death

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Open a transaction. After a death behind its end, it is committed."""
        self._death.moment()
        async with self._database.transaction() as connection:
            yield connection
            self._death.moment()
        self._death.moment()


class MortalObjects:
    """An object store whose client is killed at a moment."""

    def __init__(self, objects: ObjectStore, death: Death) -> None:
        self._objects = objects
        self._death = death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._objects, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def mortal(*arguments: Any, **named: Any) -> Any:
            self._death.moment()
            answer = await found(*arguments, **named)
            self._death.moment()
            return answer

        return mortal


class World:
    """Makes captures, and steps that are killed."""

    def __init__(
        self, database: Database, objects: ObjectStore, threads: ThreadPoolExecutor
    ) -> None:
        self.database = database
        self._objects = objects
        self._threads = threads
        self._wake_ups = WakeUps()
        workers = WorkerRegistry(freed=self._wake_ups.dispatch, on_task=lambda _: None)
        self._admission = Admission(QueueMonitor(database, workers), PLENTY)
        self._planner = TaskPlanner(workers)

    async def finished(self, *streams: bytes) -> str:
        """Make a capture of streams whose client has finished it, and return its id."""
        creator = CaptureCreator(self.database, self._admission, idle_seconds=1800)
        reception = ChunkReception(
            self.database,
            self._objects,
            self._admission,
            bucket="audio",
            max_bytes=1 << 30,
            idle_seconds=1800,
        )
        request = UploadRequest(
            filename="",
            options=ProcessingOptions(language="en", channels=ChannelMode.AUTO),
            auto_start=True,
            priority=5,
            request_id=None,
        )
        made = await creator.create(OWNER, request, title="Talk", media_type="audio/webm")
        number = 0
        for stream in streams:
            for place, data in enumerate(chunks(stream, 5_000)):
                new = NewChunk(
                    capture_id=made.capture_id,
                    number=number,
                    starts_stream=place == 0,
                    data=data,
                )
                await reception.put(OWNER, new)
                number += 1
        async with self.database.transaction() as connection:
            await Captures(connection).finish(made.capture_id, chunk_count=number, allow_gaps=False)
        return made.capture_id

    def step(
        self, death: Death, *, seconds: float = 60, clock: ClockWatch | None = None
    ) -> CaptureStep:
        """Return the step of a process that is killed. Examinations may take `seconds`."""
        database = cast(Database, MortalDatabase(self.database, death))
        objects = cast(ObjectStore, MortalObjects(self._objects, death))
        completion = CaptureCompletion(
            database=database,
            objects=objects,
            bucket="audio",
            assembler=Assembler(
                objects, self._threads, bucket="audio", seconds=60, max_duration=3600
            ),
            examiner=Examiner(
                objects, self._threads, bucket="audio", seconds=seconds, max_duration=3600
            ),
            acceptance=Acceptance(
                database,
                self._admission,
                self._planner,
                Adoption(database, objects, self._threads, bucket="audio", seconds=60),
                voice_memory=True,
            ),
            starter=JobStarter(self.database, self._admission, self._planner, self._wake_ups),
        )
        # The notes of the step about its attempts are not under test here.
        return CaptureStep(self.database, completion, idle_seconds=1800.0, clock=clock)


@pytest.fixture
def world(database: Database, objects: ObjectStore) -> Iterator[World]:
    with ThreadPoolExecutor(2) as threads:
        yield World(database, objects, threads)


@pytest.mark.parametrize(
    "streams",
    [[webm(tone(1.0, 400))], [webm(tone(0.5, 400)), webm(tone(0.5, 800))]],
    ids=["one stream", "two streams"],
)
async def test_killed_anywhere(
    world: World, database: Database, objects: ObjectStore, streams: list[bytes]
) -> None:
    for moment in range(_MOST_MOMENTS):
        await world.finished(*streams)
        survived = False
        with contextlib.suppress(asyncio.CancelledError):
            await world.step(Death(moment)).step()
            survived = True
        # The lease of the dead process has ended.
        await database.execute(_UNREST)
        await world.step(Death(-1)).step()

        row = await database.fetch_one(_COUNTS)
        assert row == {"transcriptions": 1, "jobs": 1, "completed": 1, "chunks": 0}, moment
        assert len(await objects.keys("audio")) == 1, moment
        await database.execute(_EMPTY)
        await objects.delete_prefix("audio", "")
        if survived:
            break
    assert survived
    assert moment > 12


async def test_no_capture_is_idle_because_the_computer_slept(
    world: World, database: Database
) -> None:
    clocks = Clocks()
    step = world.step(Death(-1), clock=clocks.watch)
    await step.step()
    await world.finished(webm(tone(1.0, 400)))
    await database.execute(_IDLE)
    clocks.jump(86_400.0)
    await step.step()
    assert await database.fetch_one(_STATES) == {"state": "receiving"}
    clocks.go_on(1800.0)
    await step.step()
    assert await database.fetch_one(_STATES) == {"state": "completed"}


async def test_two_processes_at_once(
    world: World, database: Database, objects: ObjectStore
) -> None:
    capture_id = await world.finished(webm(tone(1.0, 400)))
    async with database.transaction() as connection:
        capture = await Captures(connection).find(capture_id, OWNER.workspace_id)
    assert capture is not None
    steps = [world.step(Death(-1)) for _ in range(2)]

    await asyncio.gather(*(step.handle(capture) for step in steps))

    row = await database.fetch_one(_COUNTS)
    assert row is not None
    assert (row["transcriptions"], row["jobs"]) == (1, 1)

    async def cleared() -> bool:
        await steps[0].step()
        return len(await objects.keys("audio")) == 1

    await until(cleared)


@pytest.mark.parametrize("streams", [1, 2])
async def test_slow_examination_is_no_reason_to_lose_sound(
    world: World, database: Database, objects: ObjectStore, streams: int
) -> None:
    await world.finished(*[webm(tone(0.5, 400))] * streams)

    await world.step(Death(-1), seconds=0).step()

    row = await database.fetch_one("SELECT state FROM captures")
    assert row == {"state": "finishing"}
    assert await objects.keys("audio", "1/capture/")
    await database.execute(_UNREST)
    await world.step(Death(-1)).step()
    row = await database.fetch_one(_COUNTS)
    assert row == {"transcriptions": 1, "jobs": 1, "completed": 1, "chunks": 0}
