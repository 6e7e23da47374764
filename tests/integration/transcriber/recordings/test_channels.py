"""Modes of channels, from the upload to the tasks and the result."""

from typing import Any

import pytest

from common.errors import StateError, ValidationError
from common.postgres import Database
from securetranscribe.v1 import diarization_pb2, queue_pb2, speech_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import (
    TWO_PASSAGES,
    TWO_SPEAKERS,
    WorkerFactory,
    diarization,
    recognition,
    wav,
)
from transcriber.recordings import examination

AUTO = transcription_pb2.CHANNEL_MODE_AUTO
MIX = transcription_pb2.CHANNEL_MODE_MIX
SEPARATE = transcription_pb2.CHANNEL_MODE_SEPARATE
UNSPECIFIED = transcription_pb2.CHANNEL_MODE_UNSPECIFIED
CALL = wav(4.0, tones=(220, 330))


def on_channels(*passages: tuple[float, str]) -> speech_pb2.Recognition:
    """Return a recognition with one passage (start, text) per channel."""
    found = recognition(*passages)
    for index, segment in enumerate(found.segments):
        segment.signal_index = index
    return found


def speakers_of_channels() -> diarization_pb2.Diarization:
    """Return a diarization of two people who speak at once, each on a channel."""
    found = diarization(("Speaker_1", 0.0, 2.0), ("Speaker_2", 0.5, 2.5))
    for index, speaker in enumerate(found.speakers):
        speaker.signal_index = index
    return found


AT_ONCE = on_channels((0.0, "Good morning all."), (0.5, "Hello to you."))


def mode_of(found: transcription_pb2.Transcription) -> tuple[int, int]:
    return found.channel_plan.requested, found.channel_plan.decided


def gains_of(task: queue_pb2.Task) -> list[list[list[float]]]:
    return [[list(part.gains) for part in signal.parts] for signal in task.signals]


async def test_separate_channels_reach_tasks_and_result(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(AT_ONCE, speakers_of_channels()):
        answer = await caller.upload(CALL, channels=SEPARATE, auto_start=True)
        found = await caller.ended(answer.transcription.transcription_id)
    assert mode_of(answer.transcription) == (SEPARATE, SEPARATE)
    assert found.channel_plan == answer.transcription.channel_plan
    assert [channel.number for channel in found.channel_plan.channels] == [1, 2]
    assert found.channel_plan.reason
    assert {task.WhichOneof("work") for task in worker_factory.done} == {"transcribe", "diarize"}
    for task in worker_factory.done:
        assert gains_of(task) == [[[1.0, 0.0]], [[0.0, 1.0]]]
    assert [(item.channel, item.text) for item in found.segments] == [
        (1, "Good morning all."),
        (2, "Hello to you."),
    ]
    assert [(item.name, item.channel) for item in found.speakers] == [
        ("Speaker_1", 1),
        ("Speaker_2", 2),
    ]


async def test_names_leave_channels_as_they_are(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(AT_ONCE, speakers_of_channels()):
        found = await caller.ended(await caller.upload_id(CALL, channels=SEPARATE, auto_start=True))
    await caller.assign(found.transcription_id, {"Speaker_2": "Ada"})
    found = await caller.get(found.transcription_id, full=True)
    assert [(item.name, item.channel) for item in found.speakers] == [("Speaker_1", 1), ("Ada", 2)]
    assert [item.channel for item in found.segments] == [1, 2]


async def test_a_mix_has_one_signal_and_no_channels(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(TWO_PASSAGES, TWO_SPEAKERS):
        found = await caller.ended(await caller.upload_id(CALL, channels=MIX, auto_start=True))
    assert mode_of(found) == (MIX, MIX)
    assert len(found.channel_plan.channels) == 1
    for task in worker_factory.done:
        assert gains_of(task) == [[[0.5, 0.5]]]
    assert {item.channel for item in (*found.segments, *found.speakers)} == {0}


async def test_one_channel_is_a_mix_by_default(caller: Caller) -> None:
    answer = await caller.upload()
    assert mode_of(answer.transcription) == (AUTO, MIX)
    assert len(answer.transcription.channel_plan.channels) == 1


@pytest.mark.parametrize("mode", [99, -1])
async def test_unknown_mode_is_rejected(caller: Caller, mode: int) -> None:
    transcription_id = await caller.upload_id()
    for call in (caller.upload(channels=mode), caller.start(transcription_id, channels=mode)):
        with pytest.raises(ValidationError, match="auto, mix or separate") as caught:
            await call
        assert caught.value.details["field"] == "channels"


async def test_another_mode_processes_a_complete_transcription_again(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(TWO_PASSAGES, TWO_SPEAKERS):
        transcription_id = await caller.upload_id(CALL, channels=MIX, auto_start=True)
        await caller.ended(transcription_id)
    worker_factory.done.clear()
    await caller.start(transcription_id, channels=SEPARATE)
    assert mode_of(await caller.get(transcription_id)) == (MIX, MIX), "the transcript is still old"
    async with worker_factory.both(AT_ONCE, speakers_of_channels()):
        found = await caller.ended(transcription_id)
    assert len(worker_factory.done) == 2
    assert mode_of(found) == (SEPARATE, SEPARATE)
    assert [item.channel for item in found.segments] == [1, 2]
    # Both earlier results are found again.
    await caller.start(transcription_id, channels=MIX)
    found = await caller.ended(transcription_id)
    assert len(worker_factory.done) == 2
    assert mode_of(found) == (MIX, MIX)
    assert found.full_text == "Good morning. Hello to you."


async def test_cancelled_change_leaves_the_plan_of_the_transcript(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(TWO_PASSAGES, TWO_SPEAKERS):
        transcription_id = await caller.upload_id(CALL, channels=MIX, auto_start=True)
        await caller.ended(transcription_id)
    job = await caller.start(transcription_id, channels=SEPARATE)
    await caller.cancel(job.job_id)
    assert mode_of(await caller.get(transcription_id)) == (MIX, MIX)


async def test_the_same_plan_is_not_processed_again(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(TWO_PASSAGES, TWO_SPEAKERS):
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    for mode in (AUTO, MIX):
        with pytest.raises(StateError, match="in the same way"):
            await caller.start(transcription_id, channels=mode)
    with pytest.raises(StateError, match="Name the stages"):
        await caller.start(transcription_id)


async def test_another_mode_needs_the_recording(
    caller: Caller, worker_factory: WorkerFactory, database: Database
) -> None:
    async with worker_factory.both(TWO_PASSAGES, TWO_SPEAKERS):
        transcription_id = await caller.upload_id(CALL, channels=MIX, auto_start=True)
        await caller.ended(transcription_id)
    await database.execute("UPDATE transcriptions SET source_deleted_at = now()")
    with pytest.raises(StateError, match="was removed"):
        await caller.start(transcription_id, channels=SEPARATE)


async def test_mode_of_a_pending_transcription_changes_with_its_start(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    transcription_id = await caller.upload_id(CALL, channels=MIX)
    job = await caller.start(transcription_id, channels=SEPARATE)
    assert mode_of(await caller.get(transcription_id)) == (SEPARATE, SEPARATE)
    await caller.cancel(job.job_id)
    async with worker_factory.both(AT_ONCE, speakers_of_channels()):
        await caller.start(transcription_id)
        found = await caller.ended(transcription_id)
    assert mode_of(found) == (SEPARATE, SEPARATE)


async def test_recordings_of_earlier_versions_are_processed_as_before(
    caller: Caller, worker_factory: WorkerFactory, database: Database
) -> None:
    transcription_id = await caller.upload_id(CALL)
    await database.execute("DELETE FROM surveys")
    await database.execute("UPDATE transcriptions SET channel_plan = NULL")
    async with worker_factory.both(TWO_PASSAGES, TWO_SPEAKERS):
        await caller.start(transcription_id, channels=SEPARATE)
        found = await caller.ended(transcription_id)
    assert mode_of(found) == (SEPARATE, UNSPECIFIED)
    assert "not measured" in found.channel_plan.reason
    rows = await database.fetch_all("SELECT options FROM tasks")
    assert not any("signals" in row["options"] for row in rows)
    assert [list(task.signals) for task in worker_factory.done] == [[], []]
    with pytest.raises(StateError):
        await caller.start(transcription_id, channels=MIX)


async def test_survey_of_a_later_version_refuses_nothing(
    caller: Caller, database: Database
) -> None:
    transcription_id = await caller.upload_id(CALL, channels=MIX)
    await database.execute("""UPDATE surveys SET survey = '{"version": 2}'""")
    await caller.start(transcription_id, channels=SEPARATE)
    assert mode_of(await caller.get(transcription_id)) == (SEPARATE, UNSPECIFIED)


async def test_survey_goes_with_its_transcription(caller: Caller, database: Database) -> None:
    transcription_id = await caller.upload_id(CALL)
    assert len(await database.fetch_all("SELECT FROM surveys")) == 1
    await caller.delete(transcription_id)
    assert await database.fetch_all("SELECT FROM surveys") == []


async def test_recording_is_accepted_without_a_survey(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a fault of the measurement")

    monkeypatch.setattr(examination, "survey", broken)
    answer = await caller.upload(CALL, channels=SEPARATE)
    assert mode_of(answer.transcription) == (SEPARATE, UNSPECIFIED)
