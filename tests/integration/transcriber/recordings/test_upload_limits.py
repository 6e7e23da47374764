"""Recordings that are too long or break off."""

import pytest

from common.client_stream import ClientStream
from common.errors import AudioProcessingError, FileTooLargeError
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import ApiFactory, Caller
from tests.integration.transcriber.fakes import WorkerFactory, wav

HALF = wav(20.0)[: len(wav(20.0)) // 2]
_ROWS = "SELECT (SELECT count(*) FROM uploads) + (SELECT count(*) FROM transcriptions) AS rows"


async def stored(database: Database, objects: ObjectStore) -> int:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return int(row["rows"]) + len(await objects.keys("audio"))


async def test_recording_over_the_length_limit_is_rejected(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    async with apis.run(max_duration=3600) as api:
        caller = api.caller()
        # Hours of a low sample rate take few bytes.
        hours = wav(3605.0, rate=1000)
        with pytest.raises(FileTooLargeError) as caught:
            await caller.upload(hours, filename="long.wav", auto_start=True)
        assert "1:00:05" in caught.value.message
        assert "1:00:00" in caught.value.message
        assert caught.value.details == {
            "max_duration": "1h",
            "provided_duration": "1:00:05",
            "file_name": "long.wav",
        }
        assert await stored(database, objects) == 0
        assert await caller.upload_id(wav(4.0))


async def test_truncated_recording_is_accepted_on_request(
    caller: Caller, worker_factory: WorkerFactory, database: Database, objects: ObjectStore
) -> None:
    with pytest.raises(AudioProcessingError, match="breaks off"):
        await caller.upload(HALF)
    assert await stored(database, objects) == 0
    answer = await caller.upload(HALF, allow_truncated=True, auto_start=True)
    assert 9.9 < answer.transcription.file.duration.ToTimedelta().total_seconds() < 10.1
    async with worker_factory.both():
        found = await caller.ended(answer.transcription.transcription_id)
    warning = "The recording breaks off: 20.0 s declared, 10.0 s present."
    assert list(answer.transcription.warnings) == [warning]
    assert list(found.warnings) == [warning]
    async with worker_factory.both():
        await caller.start(found.transcription_id, language="de", stages=[queue_pb2.STAGE_MERGE])
        found = await caller.ended(found.transcription_id)
    assert list(found.warnings) == [warning], "a new transcript does not repair the file"


async def test_whole_recording_has_no_warning(caller: Caller) -> None:
    answer = await caller.upload(allow_truncated=True)
    assert list(answer.transcription.warnings) == []


@pytest.mark.parametrize(("described", "late"), [(False, True), (True, None)])
async def test_permission_may_follow_the_file(
    caller: Caller, described: bool, late: bool | None
) -> None:
    answer = await upload_half(caller, described, late)
    assert len(answer.transcription.warnings) == 1


async def test_withdrawn_permission_counts(caller: Caller) -> None:
    with pytest.raises(AudioProcessingError):
        await upload_half(caller, described=True, late=False)


async def upload_half(
    caller: Caller, described: bool, late: bool | None
) -> transcription_pb2.UploadTranscriptionResponse:
    """Upload a truncated recording with the permission before and after it."""
    request = transcription_pb2.UploadTranscriptionRequest
    stream = ClientStream[
        transcription_pb2.UploadTranscriptionRequest,
        transcription_pb2.UploadTranscriptionResponse,
    ](caller.transcriptions.UploadTranscription(metadata=caller.metadata))
    config = transcription_pb2.UploadConfig(
        filename="half.wav", language="en", auto_start=False, allow_truncated=described
    )
    options = transcription_pb2.UploadOptions(allow_truncated=late)
    for message in (request(config=config), request(chunk=HALF), request(options=options)):
        await stream.write(message)
    return await stream.answer()
