"""Options of an upload that follow the file."""

import pytest

from common.client_stream import ClientStream
from common.errors import ResourceExhaustedError, ValidationError
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import transcription_pb2
from tests.integration.transcriber.conftest import ApiFactory, Caller
from tests.integration.transcriber.fakes import wav

Request = transcription_pb2.UploadTranscriptionRequest
Response = transcription_pb2.UploadTranscriptionResponse


async def upload(caller: Caller, *later: Request) -> Response:
    """Upload a second of sound described as English and not to be started, and then more."""
    stream = ClientStream[Request, Response](
        caller.transcriptions.UploadTranscription(metadata=caller.metadata)
    )
    config = transcription_pb2.UploadConfig(filename="a.wav", language="en", auto_start=False)
    for request in (Request(config=config), Request(chunk=wav(1.0)), *later):
        if not await stream.write(request):
            break
    return await stream.answer()


def late(**options: object) -> Request:
    return Request(options=transcription_pb2.UploadOptions(**options))  # type: ignore[arg-type]


async def test_they_replace_those_of_the_description(caller: Caller) -> None:
    answer = await upload(caller, late(language="de", auto_start=True))
    assert answer.job.job_id
    found = await caller.get(answer.transcription.transcription_id)
    assert found.language_requested == "de"


async def test_modes_of_channels_are_replaced_too(caller: Caller) -> None:
    answer = await upload(caller, late(channels=transcription_pb2.CHANNEL_MODE_SEPARATE))
    plan = answer.transcription.channel_plan
    assert plan.requested == transcription_pb2.CHANNEL_MODE_SEPARATE
    silent = (await upload(caller, late())).transcription.channel_plan
    assert silent.requested == transcription_pb2.CHANNEL_MODE_AUTO


async def test_absent_ones_change_nothing(caller: Caller) -> None:
    answer = await upload(caller, late())
    assert not answer.HasField("job")
    assert answer.transcription.language_requested == "en"


@pytest.mark.parametrize(
    "later",
    [
        [late(language="martian")],
        [late(channels=99)],
        [late(), Request(chunk=b"more")],
        [late(), late()],
    ],
)
async def test_wrong_ones_leave_nothing(
    caller: Caller, database: Database, objects: ObjectStore, later: list[Request]
) -> None:
    with pytest.raises(ValidationError):
        await upload(caller, *later)
    assert await objects.keys("audio") == []
    assert await database.fetch_all("SELECT FROM uploads") == []


async def test_a_full_queue_leaves_nothing(apis: ApiFactory, objects: ObjectStore) -> None:
    async with apis.run(queue_size=1) as api:
        caller = api.caller()
        first = await upload(caller, late(auto_start=True))
        assert first.job.job_id
        with pytest.raises(ResourceExhaustedError):
            await upload(caller, late(auto_start=True))
    assert await objects.keys("audio") == [f"{first.transcription.transcription_id}/source"]
