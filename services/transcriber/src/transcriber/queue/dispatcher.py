"""Hands tasks to the workers, in the order of the queue and only as many as can be used."""

from common import telemetry
from common.postgres import Connection, Database
from transcriber.domain.jobs import WORKER_STAGES, JobStatus, Stage, Task
from transcriber.outbox import messages
from transcriber.queue.workers import Fleet
from transcriber.store import locks
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import Outbox
from transcriber.store.tasks import Outstanding, Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import Bells

#: Tasks handed out beyond the live workers: one is ready as soon as a worker is free, and a
#: cluster without workers still shows that some are wanted.
AHEAD = 1


class Dispatcher:
    """Releases waiting tasks. What is not released can still be overtaken or cancelled."""

    def __init__(self, database: Database, fleet: Fleet, bells: Bells) -> None:
        self._database = database
        self._fleet = fleet
        self._bells = bells

    async def step(self) -> None:
        """Releases as many tasks of each stage as there are workers without one."""
        released = 0
        async with self._database.transaction() as connection:
            await locks.wait_for(connection, locks.DISPATCH)
            outstanding = await Tasks(connection).outstanding()
            for stage in WORKER_STAGES:
                of_stage = outstanding.get(stage, Outstanding())
                telemetry.TASKS_OUTSTANDING.labels(stage).set(of_stage.open)
                room = self._fleet.alive(stage) + AHEAD - of_stage.handed_out
                if room > 0 and of_stage.open > of_stage.handed_out:
                    released += await self._release(connection, stage, room)
            by_status = await Jobs(connection).by_status()
        for status in JobStatus:
            telemetry.QUEUE_DEPTH.labels(status).set(by_status.get(status, 0))
        if released:
            self._bells.outbox.ring()
            self._bells.queue.ring()

    async def _release(self, connection: Connection, stage: Stage, room: int) -> int:
        tasks = await Tasks(connection).next_waiting(stage, room)
        free = await Jobs(connection).lock_free([task.job_id for task in tasks])
        count = 0
        for task in tasks:
            if task.job_id in free:
                count += await self._hand_out(connection, task)
        return count

    async def _hand_out(self, connection: Connection, task: Task) -> bool:
        transcription = await Transcriptions(connection).get(task.transcription_id)
        release = await Tasks(connection).release(task.task_id)
        if release is None or transcription is None:
            return False
        jobs = Jobs(connection)
        await jobs.released(task.job_id)
        await Outbox(connection).task(
            task_id=task.task_id,
            release=release,
            stage=task.stage,
            payload=messages.task(task, transcription, release).SerializeToString(),
            trace=await jobs.trace(task.job_id),
        )
        return True
