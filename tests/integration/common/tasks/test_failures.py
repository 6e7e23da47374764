"""Tasks that fail: which are tried again, and what is said of those that are not."""

from common.errors import AudioProcessingError
from common.objects import ObjectStore
from common.tasks.task import TaskCancelledError
from tests.integration.common.tasks.workers import Bench, Echo, Failing


async def test_an_accident_is_tried_again(bench: Bench) -> None:
    handler = Failing(RuntimeError("out of memory"), times=1)
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert not result.HasField("failure")
    assert len(handler.calls) == 2


async def test_a_task_that_keeps_failing_is_reported(bench: Bench) -> None:
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


async def test_what_can_never_succeed_is_reported_at_once(bench: Bench) -> None:
    handler = Failing(AudioProcessingError("Nothing in it can be decoded."))
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert result.failure.code == "AUDIO_PROCESSING_ERROR"
    assert result.failure.message == "Nothing in it can be decoded."
    await bench.settled()
    assert len(handler.calls) == 1


async def test_a_recording_that_is_gone_is_reported(bench: Bench, store: ObjectStore) -> None:
    handler = Echo()
    task = await bench.task()
    await store.delete("audio", task.audio_key)
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.failure.code == "NOT_FOUND"
    assert "upload it again" in result.failure.message
    assert handler.calls == []


async def test_a_handler_that_gives_up_unasked_is_tried_again(bench: Bench) -> None:
    handler = Failing(TaskCancelledError(), times=1)
    await bench.start(handler)
    await bench.give(await bench.task())

    assert not (await bench.result()).HasField("failure")
    assert len(handler.calls) == 2
