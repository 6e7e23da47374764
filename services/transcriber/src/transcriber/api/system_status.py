"""State of the system as a message for administrators."""

from collections.abc import Mapping

from common import times, versions
from common.postgres import Database
from securetranscribe.v1 import admin_pb2, queue_pb2
from transcriber.domain.jobs import Stage
from transcriber.queue.queue_status import QueueMonitor
from transcriber.queue.workers import WorkerActivity, WorkerRegistry
from transcriber.store.load import Load, TaskFigures, Throughput

_STAGES = {
    Stage.TRANSCRIBE: queue_pb2.STAGE_TRANSCRIBE,
    Stage.DIARIZE: queue_pb2.STAGE_DIARIZE,
}


class SystemStatus:
    """Reads the workers, the load of the queue, and the throughput of the last hour."""

    def __init__(
        self, database: Database, monitor: QueueMonitor, workers: WorkerRegistry, *, capacity: int
    ) -> None:
        """`capacity` is the maximum number of waiting jobs."""
        self._database = database
        self._monitor = monitor
        self._workers = workers
        self._capacity = capacity

    async def read(self) -> admin_pb2.GetSystemStatusResponse:
        """Return the current state."""
        activities = self._workers.activities()
        async with self._database.transaction() as connection:
            queue = await self._monitor.status(connection)
            load = Load(connection)
            tasks = await load.tasks(one.worker.task_id for one in activities)
            message = admin_pb2.GetSystemStatusResponse(
                version=versions.installed("transcriber"),
                workers=[_worker(one, tasks) for one in activities],
                stages=[
                    admin_pb2.StageLoad(
                        stage=_STAGES[stage], waiting=of.waiting, running=of.running
                    )
                    for stage, of in (await load.stages()).items()
                ],
                queued_jobs=queue.snapshot.queued,
                processing_jobs=queue.snapshot.processing,
                capacity=self._capacity,
                throughput=map(_throughput, await load.last_hour()),
                unpublished_messages=await load.unpublished(),
            )
            oldest = await load.oldest_wait()
        if oldest is not None:
            message.oldest_wait.CopyFrom(times.duration(oldest))
        if queue.mean_processing is not None:
            message.average_processing_duration.CopyFrom(times.duration(queue.mean_processing))
        return message


def _worker(activity: WorkerActivity, tasks: Mapping[str, TaskFigures]) -> admin_pb2.LiveWorker:
    worker = activity.worker
    message = admin_pb2.LiveWorker(
        worker_id=worker.worker_id,
        stage=_STAGES[worker.stage],
        state=_state(activity),
        device=worker.device,
        heartbeat_age=times.duration(activity.silent),
    )
    if worker.task_id:
        message.task_age.CopyFrom(times.duration(activity.busy))
    if figures := tasks.get(worker.task_id):
        message.progress_percent = 100 * figures.fraction
        message.sound_duration.CopyFrom(times.duration(figures.sound_seconds))
    return message


def _state(activity: WorkerActivity) -> admin_pb2.WorkerState.ValueType:
    worker = activity.worker
    if worker.draining:
        return admin_pb2.WORKER_STATE_DRAINING
    if not worker.task_id:
        return admin_pb2.WORKER_STATE_IDLE
    return admin_pb2.WORKER_STATE_QUEUED if worker.queued else admin_pb2.WORKER_STATE_BUSY


def _throughput(period: Throughput) -> admin_pb2.Throughput:
    return admin_pb2.Throughput(
        start_time=times.timestamp(period.start),
        completed=period.completed,
        failed=period.failed,
        sound_duration=times.duration(period.sound_seconds),
    )
