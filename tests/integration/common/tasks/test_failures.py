"""Failed tasks: retries, and reports of permanent failures."""

import datetime as dt

import pytest

from common import bus
from common.errors import AudioProcessingError
from common.objects import ObjectStore
from common.settings import ObjectSettings
from common.signed_objects import UrlSigner, expired
from common.tasks.cancellations import Cancellations
from common.tasks.results import TaskResults
from common.tasks.task import TaskCancelledError
from securetranscribe.v1 import queue_pb2
from tests.integration.common.tasks.workers import STAGE, Bench, Echo, Failing, until


async def test_unexpected_error_is_retried(bench: Bench) -> None:
    handler = Failing(RuntimeError("out of memory"), times=1)
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert not result.HasField("failure")
    assert len(handler.calls) == 2


async def test_repeated_failure_is_reported(bench: Bench) -> None:
    handler = Failing(RuntimeError("words of a transcript"))
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.task_id == task.task_id
    assert result.failure.code == "TRANSCRIPTION_ERROR"
    assert "2 times (RuntimeError)" in result.failure.message
    assert "words of a transcript" not in result.failure.message
    assert result.result_key == ""
    await bench.settled()
    assert len(handler.calls) == bench.delivery.max_deliver


async def test_permanent_failure_is_reported_at_once(bench: Bench) -> None:
    handler = Failing(AudioProcessingError("Nothing in it can be decoded."))
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert result.failure.code == "AUDIO_PROCESSING_ERROR"
    assert result.failure.message == "Nothing in it can be decoded."
    await bench.settled()
    assert len(handler.calls) == 1


async def test_missing_recording_is_reported(bench: Bench, store: ObjectStore) -> None:
    handler = Echo()
    task = await bench.task()
    await store.delete("audio", task.audio_key)
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.failure.code == "NOT_FOUND"
    assert "Upload it again" in result.failure.message
    assert handler.calls == []


async def test_handler_that_stops_unasked_is_retried(bench: Bench) -> None:
    handler = Failing(TaskCancelledError(), times=1)
    await bench.start(handler)
    await bench.give(await bench.task())

    assert not (await bench.result()).HasField("failure")
    assert len(handler.calls) == 2


@pytest.mark.parametrize(
    "poison", [b"", b"\xff\xff", queue_pb2.Task(task_id="t", job_id="j").SerializeToString()]
)
async def test_messages_that_cannot_be_settled_are_discarded(bench: Bench, poison: bytes) -> None:
    handler = Echo()
    running = await bench.start(handler)
    await bench.stream.publish(bus.tasks_subject(STAGE), poison)
    task = await bench.task()
    await bench.give(task)

    assert (await bench.result()).task_id == task.task_id
    await bench.settled()
    assert handler.calls == [task.task_id]
    assert not running.working.done()


async def test_unencodable_reason_is_announced(bench: Bench) -> None:
    handler = Failing(AudioProcessingError("\udcff cannot be decoded. " + "x" * 10_000))
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert result.failure.message.startswith("? cannot be decoded.")
    assert len(result.failure.message) == 2_000


@pytest.mark.parametrize(("owner", "name"), [(TaskResults, "announce"), (Cancellations, "include")])
async def test_error_in_settling_a_task_does_not_end_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    accidents = [MemoryError()]
    real = getattr(owner, name)

    async def sometimes(*arguments: object, **named: object) -> object:
        if accidents:
            raise accidents.pop()
        return await real(*arguments, **named)

    monkeypatch.setattr(owner, name, sometimes)
    running = await bench.start(Echo())
    task = await bench.task()
    await bench.give(task)

    assert (await bench.result()).task_id == task.task_id
    await bench.settled()
    assert not accidents
    assert not running.working.done()


async def test_task_with_old_urls_is_given_back(bench: Bench, s3: ObjectSettings) -> None:
    handler = Echo()
    task = await bench.task()
    brief = UrlSigner(s3, validity=dt.timedelta(seconds=1))
    bench.sign(task, brief)
    await until(lambda: expired(task.audio_url))
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()
    assert (result.task_id, result.returned) == (task.task_id, True)
    assert handler.calls == []
    await bench.settled()


async def test_task_without_urls_is_given_back(bench: Bench) -> None:
    task = await bench.task()
    for field in ("audio_url", "stored_result_url", "result_url"):
        task.ClearField(field)
    await bench.start(Echo())
    await bench.give(task)

    assert (await bench.result()).returned
    await bench.settled()
