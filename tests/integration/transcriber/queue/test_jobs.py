"""Start, cancellation and repetition of jobs."""

import asyncio
import threading
import time
from typing import Any

import pytest

from common import bus
from common.errors import ConflictError, NotFoundError, ResourceExhaustedError, StateError
from common.errors import DiarizationError as DiarizationFailedError
from common.errors import TranscriptionError as RecognitionFailedError
from common.postgres import Database
from common.tasks.task import TaskCancelledError, TaskControl
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import (
    TWO_PASSAGES,
    TWO_SPEAKERS,
    WorkerFactory,
    diarization,
    fails,
    gives,
    recognition,
    until,
)
from tests.integration.transcriber.streams import handed_out, results_taken

PENDING = transcription_pb2.TRANSCRIPTION_STATUS_PENDING
COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
FAILED = transcription_pb2.TRANSCRIPTION_STATUS_FAILED
TRANSCRIBE, DIARIZE = queue_pb2.STAGE_TRANSCRIBE, queue_pb2.STAGE_DIARIZE


#: Time after which a slow engine gives up, and the much shorter time to stop it.
_SLOW_SECONDS = 60.0
_FREED_SECONDS = 20.0


def slow(begun: threading.Event) -> Any:
    """Return an engine that works until cancelled."""

    def work(_task: queue_pb2.Task, control: TaskControl) -> bytes:
        begun.set()
        deadline = time.monotonic() + _SLOW_SECONDS
        while time.monotonic() < deadline:
            if control.cancelled():
                raise TaskCancelledError
            time.sleep(0.05)
        raise AssertionError("nobody stopped it")

    return work


async def state_of(caller: Caller, job_id: str) -> dict[int, queue_pb2.StageStatus]:
    return {stage.stage: stage for stage in (await caller.job(job_id)).stages}


async def stage_done(caller: Caller, job_id: str, stage: int) -> None:
    """Wait until a stage of a job is done."""

    async def done() -> bool:
        return (await state_of(caller, job_id))[stage].state == queue_pb2.STAGE_STATE_DONE

    await until(done)


async def test_second_start_is_a_conflict(caller: Caller) -> None:
    transcription_id = await caller.upload_id()
    job = await caller.start(transcription_id)
    with pytest.raises(ConflictError) as caught:
        await caller.start(transcription_id)
    assert not isinstance(caught.value, StateError)
    assert caught.value.details == {"job_id": job.job_id}


async def test_concurrent_starts_make_one_job(caller: Caller, database: Database) -> None:
    transcription_id = await caller.upload_id()
    answers = await asyncio.gather(
        *(caller.start(transcription_id) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(answer, queue_pb2.Job) for answer in answers) == 1
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 7
    rows = await database.fetch_all("SELECT 1 AS one FROM jobs")
    assert len(rows) == 1


async def test_repeated_request_starts_one_job(caller: Caller) -> None:
    first_id, second_id = await caller.upload_id(), await caller.upload_id()
    first = await caller.start(first_id, request_id="start")
    assert (await caller.start(first_id, request_id="start")).job_id == first.job_id
    with pytest.raises(ConflictError):
        await caller.start(second_id, request_id="start")


async def test_full_queue_reports_retry_time(apis: ApiFactory) -> None:
    async with apis.run(queue_size=2) as api:
        caller, other = api.caller("a"), api.caller("b")
        ids = [await caller.upload_id() for _ in range(2)] + [await other.upload_id()]
        for transcription_id in ids[:2]:
            await caller.start(transcription_id)
        with pytest.raises(ResourceExhaustedError) as caught:
            await other.start(ids[2])
        assert int(caught.value.details["retry_after_seconds"]) >= 5
        status = await caller.queue_status()
        assert (status.queued_jobs, status.capacity) == (2, 2)


async def test_completed_transcription_needs_named_stages(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    with pytest.raises(StateError, match="stages"):
        await caller.start(transcription_id)


async def test_only_named_stages_run_again(caller: Caller, worker_factory: WorkerFactory) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
        worker_factory.done.clear()
        job = await caller.start(transcription_id, stages=[DIARIZE])
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert [task.WhichOneof("work") for task in worker_factory.done] == ["diarize"]
    stages = await state_of(caller, job.job_id)
    assert stages[TRANSCRIBE].reused
    assert not stages[DIARIZE].reused


async def test_merge_alone_needs_no_worker(caller: Caller, worker_factory: WorkerFactory) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    await caller.start(transcription_id, stages=[queue_pb2.STAGE_MERGE])
    found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert len(worker_factory.done) == 2


async def test_other_options_make_another_result(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
        worker_factory.done.clear()
        await caller.start(
            transcription_id, language="de", stages=[queue_pb2.STAGE_MERGE], priority=2
        )
        await caller.ended(transcription_id)
    (task,) = worker_factory.done
    assert task.transcribe.config.language == "de"


async def test_failed_diarization_leaves_transcript(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    broken = fails(DiarizationFailedError("The model is not there."))
    async with worker_factory.both(TWO_PASSAGES, broken):
        transcription_id = await caller.upload_id(auto_start=True)
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert found.full_text == "Good morning. Hello to you."
    assert [speaker.name for speaker in found.speakers] == ["Speaker_1"]
    (warning,) = found.warnings
    assert "The model is not there." in warning
    async with worker_factory.worker("diarize", gives(TWO_SPEAKERS)):
        await caller.start(transcription_id, stages=[DIARIZE])
        found = await caller.ended(transcription_id)
    assert len(found.speakers) == 2
    assert not found.warnings


async def test_failed_recognition_fails_job_and_keeps_diarization(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    broken = fails(RecognitionFailedError("The speech cannot be recognized."))
    transcription_id = await caller.upload_id()
    async with worker_factory.worker("diarize", gives(TWO_SPEAKERS)):
        job = await caller.start(transcription_id)
        await stage_done(caller, job.job_id, DIARIZE)
    async with worker_factory.worker("transcribe", broken):
        found = await caller.ended(transcription_id)
    assert found.status == FAILED
    assert found.failure.code == "TRANSCRIPTION_ERROR"
    assert found.failure.message == "The speech cannot be recognized."
    assert (await caller.job(job.job_id)).status == queue_pb2.JOB_STATUS_FAILED
    worker_factory.done.clear()
    async with worker_factory.worker("transcribe", gives(TWO_PASSAGES)):
        await caller.start(transcription_id)
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert not found.HasField("failure")
    assert [task.WhichOneof("work") for task in worker_factory.done] == ["transcribe"]


async def test_failed_second_job_leaves_first_transcript(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    async with worker_factory.worker("transcribe", fails(RecognitionFailedError("Broken."))):
        job = await caller.start(transcription_id, stages=[TRANSCRIBE])
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert found.failure.message == "Broken."
    assert found.full_text == "Good morning. Hello to you."
    assert (await caller.job(job.job_id)).status == queue_pb2.JOB_STATUS_FAILED


async def test_queued_job_is_cancelled(caller: Caller, database: Database, client: Any) -> None:
    transcription_id = await caller.upload_id()
    job = await caller.start(transcription_id)
    await handed_out(database)
    assert (await client.jetstream().stream_info(bus.TASKS_STREAM)).state.messages == 2
    cancelled = await caller.cancel(job.job_id)
    assert cancelled.status == queue_pb2.JOB_STATUS_CANCELLED
    found = await caller.get(transcription_id)
    assert (found.status, found.progress_percent) == (PENDING, 0)

    async def withdrawn() -> bool:
        info = await client.jetstream().stream_info(bus.TASKS_STREAM)
        return bool(info.state.messages == 0)

    await until(withdrawn)
    with pytest.raises(StateError) as caught:
        await caller.cancel(job.job_id)
    assert caught.value.details == {"status": "cancelled"}
    assert (await caller.start(transcription_id)).status == queue_pb2.JOB_STATUS_QUEUED


async def test_cancellation_stops_and_frees_running_worker(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    begun = threading.Event()
    transcription_id = await caller.upload_id()
    async with worker_factory.worker("transcribe", slow(begun)):
        job = await caller.start(transcription_id)

        async def running() -> bool:
            return begun.is_set() and (await caller.job(job.job_id)).status == (
                queue_pb2.JOB_STATUS_PROCESSING
            )

        await until(running)
        await caller.cancel(job.job_id)
        begun.clear()
        again = await caller.start(transcription_id)
        assert await asyncio.to_thread(begun.wait, _FREED_SECONDS), "the worker was not freed"
        await caller.cancel(again.job_id)


async def test_finished_stages_of_cancelled_job_are_reused(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    transcription_id = await caller.upload_id()
    async with worker_factory.worker("transcribe", gives(TWO_PASSAGES)):
        job = await caller.start(transcription_id)
        await stage_done(caller, job.job_id, TRANSCRIBE)
    await caller.cancel(job.job_id)
    async with worker_factory.worker("diarize", gives(TWO_SPEAKERS)):
        again = await caller.start(transcription_id)
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert (await state_of(caller, again.job_id))[TRANSCRIBE].reused


async def test_cancelled_second_job_leaves_first_transcript(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    job = await caller.start(transcription_id, stages=[TRANSCRIBE])
    await caller.cancel(job.job_id)
    found = await caller.get(transcription_id, full=True)
    assert (found.status, found.full_text) == (COMPLETED, "Good morning. Hello to you.")


async def test_jobs_over_time_limit_fail(apis: ApiFactory, worker_factory: WorkerFactory) -> None:
    begun = threading.Event()
    async with (
        apis.run(processing_timeout=1) as api,
        worker_factory.worker("transcribe", slow(begun)),
    ):
        caller = api.caller()
        transcription_id = await caller.upload_id(auto_start=True)
        found = await caller.ended(transcription_id)
        assert found.status == FAILED
        assert "longer than the allowed 1 seconds" in found.failure.message
        begun.clear()
        await caller.upload_id(auto_start=True)
        assert await asyncio.to_thread(begun.wait, _FREED_SECONDS), "the worker was not freed"


async def test_diarization_over_time_limit_leaves_transcript(
    apis: ApiFactory, caller: Caller, worker_factory: WorkerFactory
) -> None:
    begun = threading.Event()
    transcription_id = await caller.upload_id()
    async with worker_factory.worker("transcribe", gives(TWO_PASSAGES)):
        job = await caller.start(transcription_id)
        await stage_done(caller, job.job_id, TRANSCRIBE)
    async with worker_factory.worker("diarize", slow(begun)):
        assert await asyncio.to_thread(begun.wait, 20)
        async with apis.run(processing_timeout=1):  # A replica with a short time limit.
            found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert found.full_text == "Good morning. Hello to you."
    assert "longer than the allowed 1 seconds" in found.warnings[0]


async def test_jobs_of_other_sessions_do_not_exist(api: Api) -> None:
    caller, other = api.caller("a"), api.caller("b")
    transcription_id = await caller.upload_id()
    job = await caller.start(transcription_id)
    for call in (
        other.job(job.job_id),
        other.cancel(job.job_id),
        other.job("job_unknown"),
        other.job("job_\x00"),
        other.start(transcription_id),
        other.get(transcription_id),
        other.get(2**62),
        other.delete(transcription_id),
        other.assign(transcription_id, {"Speaker_1": "Eve"}),
    ):
        with pytest.raises(NotFoundError):
            await call
    listed = await other.queue.ListJobs(queue_pb2.ListJobsRequest(), metadata=other.metadata)
    assert (len(listed.jobs), listed.total) == (0, 0)
    watch = other.transcriptions.WatchTranscription(
        transcription_pb2.WatchTranscriptionRequest(transcription_id=transcription_id),
        metadata=other.metadata,
    )
    with pytest.raises(Exception, match="NOT_FOUND"):
        await anext(aiter(watch))
    assert (await caller.job(job.job_id)).status == queue_pb2.JOB_STATUS_QUEUED


async def test_merge_of_invalid_result_fails_job_with_reason(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    def garbage(_task: queue_pb2.Task, _control: TaskControl) -> bytes:
        return b"\xff\xff this is not a result"

    async with worker_factory.both(garbage, gives(TWO_SPEAKERS)):
        found = await caller.ended(await caller.upload_id(auto_start=True))
    assert found.status == FAILED
    assert "could not be assembled" in found.failure.message


async def test_repeated_and_invalid_results_change_nothing(
    caller: Caller, worker_factory: WorkerFactory, client: Any
) -> None:
    async with worker_factory.both():
        found = await caller.ended(await caller.upload_id(auto_start=True))
    stream = client.jetstream()
    for task in worker_factory.done:
        result = queue_pb2.TaskResult(
            task_id=task.task_id, job_id=task.job_id, result_key=task.result_key
        )
        subject = bus.results_subject(task.WhichOneof("work") or "")
        await stream.publish(subject, result.SerializeToString())
    await stream.publish(bus.results_subject("transcribe"), b"\xff\xff")
    await results_taken(client)
    again = await caller.get(found.transcription_id, full=True)
    assert again == found


async def test_repeated_stages_replace_transcript(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    better = recognition((0.0, "Good evening everybody."))
    async with worker_factory.both(better, diarization(("Speaker_1", 0.0, 4.0))):
        await caller.start(transcription_id, stages=[TRANSCRIBE, DIARIZE])
        found = await caller.ended(transcription_id)
    assert found.full_text == "Good evening everybody."
    assert [speaker.name for speaker in found.speakers] == ["Speaker_1"]
