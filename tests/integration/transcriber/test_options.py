"""Options of jobs: diarization, phrases, models and stages, at every way to start one."""

from typing import Any

import pytest

from common.errors import StateError, UnavailableError, ValidationError
from common.grpc_client import unwrap
from securetranscribe.v1 import (
    queue_pb2,
    reprocessing_pb2,
    reprocessing_pb2_grpc,
    transcription_pb2,
    upload_pb2,
    upload_pb2_grpc,
)
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import WorkerFactory, until

TRANSCRIBE, DIARIZE = queue_pb2.STAGE_TRANSCRIBE, queue_pb2.STAGE_DIARIZE
MERGE = queue_pb2.STAGE_MERGE


async def reprocess(api: Api, caller: Caller, transcription_id: int, **options: Any) -> Any:
    """Process a recording again, and return it once the job has ended."""
    stub: Any = reprocessing_pb2_grpc.ReprocessingServiceStub(api.channel)
    request = reprocessing_pb2.ReprocessTranscriptRequest(
        transcription_id=transcription_id, **options
    )
    await unwrap(stub.ReprocessTranscript(request, metadata=caller.metadata))
    return await caller.ended(transcription_id)


def stages(found: transcription_pb2.Transcription) -> list[tuple[int, bool]]:
    """Return the stages of the last job, and whether each result was used again."""
    return [(stage.stage, stage.reused) for stage in found.stages]


async def test_speakers_are_not_told_apart_unless_that_is_wanted(
    api: Api, caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        number = await caller.upload_id(auto_start=True, diarize=False)
        plain = await caller.ended(number)
        assert plain.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
        assert stages(plain) == [(TRANSCRIBE, False), (MERGE, False)]
        assert [speaker.name for speaker in plain.speakers] == ["Speaker_1"]
        assert (plain.without_diarization, list(plain.warnings)) == (True, [])

        # It is remembered, until diarization is asked for.
        again = await reprocess(api, caller, number)
        assert stages(again) == [(TRANSCRIBE, False), (MERGE, False)]
        apart = await reprocess(api, caller, number, diarize=True)
        assert stages(apart) == [(TRANSCRIBE, True), (DIARIZE, False), (MERGE, False)]
        assert (len(apart.speakers), apart.without_diarization) == (2, False)

        # A complete transcription is started again if this changes.
        await caller.start(number, diarize=False)
        assert stages(await caller.ended(number)) == [(TRANSCRIBE, True), (MERGE, False)]
        with pytest.raises(StateError, match="Name the stages"):
            await caller.start(number, diarize=False)
        await caller.start(number, stages=[DIARIZE])
        assert len((await caller.ended(number)).speakers) == 2


async def test_phrases_and_model_reach_the_worker_and_are_remembered(
    api: Api, caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        await models_known(caller)
        number = await caller.upload_id(
            auto_start=True, phrases=["Osnabrück"], model="whisper-small"
        )
        found = await caller.ended(number)
        assert (list(found.phrases), found.model_requested) == (["Osnabrück"], "whisper-small")
        again = await reprocess(api, caller, number, phrases={"phrases": ["Ann"]}, model="")
        assert (list(again.phrases), again.model_requested) == (["Ann"], "")
        await reprocess(api, caller, number, stages=[TRANSCRIBE])
    asked = [
        (list(task.transcribe.config.phrases), task.transcribe.config.model)
        for task in worker_factory.done
        if task.HasField("transcribe")
    ]
    assert asked == [(["Osnabrück"], "whisper-small"), (["Ann"], ""), (["Ann"], "")]


async def test_unknown_models_are_refused_at_every_way_to_start(
    api: Api, caller: Caller, worker_factory: WorkerFactory
) -> None:
    number = await caller.upload_id()
    with pytest.raises(UnavailableError, match="no worker"):
        await caller.start(number, model="whisper-small")
    uploads: Any = upload_pb2_grpc.UploadServiceStub(api.channel)
    config = transcription_pb2.UploadConfig(filename="a.wav", size_bytes=9, model="large")
    create = upload_pb2.CreateUploadRequest(config=config)
    async with worker_factory.both():
        await models_known(caller)
        known = r"The models are moonshine-base, whisper-small\."
        with pytest.raises(ValidationError, match=known):
            await caller.start(number, model="large")
        with pytest.raises(ValidationError, match=known):
            await caller.upload(model="large")
        with pytest.raises(ValidationError, match=known):
            await reprocess(api, caller, number, model="large")
        with pytest.raises(ValidationError, match=known):
            await unwrap(uploads.CreateUpload(create, metadata=caller.metadata))


async def models_known(caller: Caller) -> None:
    """Wait for the heartbeat of the recognition worker."""

    async def known() -> bool:
        return list((await caller.queue_status()).speech_models) == [
            "moonshine-base",
            "whisper-small",
        ]

    await until(known)
