"""Captures at an api with small limits, and at one that dies. No other api runs meanwhile."""

import pytest

from common.errors import ApplicationError, FileTooLargeError, ResourceExhaustedError
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import capture_pb2
from tests.integration.transcriber.captures.capturing import Captures
from tests.integration.transcriber.conftest import ApiFactory
from tests.live_recordings import chunks, tone, webm

_FINISHING = "UPDATE captures SET state = 'finishing', chunk_count = chunks_end"
_TRANSCRIPTIONS = "SELECT count(*) AS number FROM transcriptions"


@pytest.fixture(scope="module")
def sound() -> bytes:
    """Return four seconds of WebM."""
    return webm(tone(4.0, 400))


@pytest.mark.parametrize(
    ("limit", "kind"),
    [("max_file_size", FileTooLargeError), ("max_stored_bytes", ResourceExhaustedError)],
)
async def test_chunks_over_a_limit_leave_those_before(
    apis: ApiFactory, objects: ObjectStore, sound: bytes, limit: str, kind: type[ApplicationError]
) -> None:
    async with apis.run(**{limit: len(sound) + 100}) as small:
        captures = Captures.of(small)
        begun = await captures.create()
        await captures.put(begun.capture_id, 0, sound)

        with pytest.raises(kind):
            await captures.put(begun.capture_id, 1, sound)

        assert len(await objects.keys("audio")) == 1
        done = await captures.finish(begun.capture_id, 1)
        assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED


async def test_full_queue_does_not_hold_up_the_sound(apis: ApiFactory, sound: bytes) -> None:
    async with apis.run(queue_size=1, queue_share=1) as small:
        captures = Captures.of(small)
        numbers = []
        for _ in range(2):
            begun = await captures.create(auto_start=True)
            await captures.put(begun.capture_id, 0, sound)
            numbers.append(await captures.finish(begun.capture_id, 1))

        assert [bool(done.job_id) for done in numbers] == [True, False]
        found = await small.caller("a").get(numbers[1].transcription_id)
        assert any("no room in the queue" in warning for warning in found.warnings)


async def test_too_long_recording_is_cut(apis: ApiFactory, sound: bytes) -> None:
    async with apis.run(max_duration=3) as short:
        captures = Captures.of(short)
        begun = await captures.create()
        await captures.put(begun.capture_id, 0, sound)

        done = await captures.finish(begun.capture_id, 1)

        found = await short.caller("a").get(done.transcription_id)
        assert found.file.duration.ToTimedelta().total_seconds() == pytest.approx(3.0, abs=0.1)
        assert any("The rest was left out." in warning for warning in found.warnings)


async def test_api_that_dies_after_the_wish_to_finish(
    apis: ApiFactory, database: Database, sound: bytes
) -> None:
    async with apis.run() as first:
        captures = Captures.of(first)
        begun = await captures.create()
        await captures.put_all(begun.capture_id, chunks(sound, 3_000))
    await database.execute(_FINISHING)

    async with apis.run() as second:
        done = await Captures.of(second).ended(begun.capture_id)

    assert done.state == capture_pb2.CAPTURE_STATE_COMPLETED
    assert await database.fetch_one(_TRANSCRIPTIONS) == {"number": 1}
