"""What one workspace can have of the queue and of the storage."""

import asyncio
import contextvars
from dataclasses import replace
from typing import Any

import pytest

from common.addresses import use_address
from common.errors import ResourceExhaustedError
from common.grpc_client import unwrap
from common.identity import Grant
from common.objects import ObjectStore
from common.postgres import Database
from common.signing import CallSigner, digest_of
from common.times import seconds
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import WorkerFactory, wav

_ROWS = "SELECT (SELECT count(*) FROM uploads) + (SELECT count(*) FROM transcriptions) AS rows"
SMALL = wav(2.0)


async def rows(database: Database) -> int:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return int(row["rows"])


async def outcomes(*calls: Any) -> tuple[int, list[ResourceExhaustedError]]:
    """Return how many of concurrent calls succeeded, and the refusals of the others."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ResourceExhaustedError)]
    others = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(others) == len(refused), others
    return len(answers) - len(refused), refused


async def test_one_workspace_has_a_share_of_the_queue(apis: ApiFactory) -> None:
    async with apis.run(queue_size=24, queue_share=0.5) as api:
        caller, other = api.caller("a"), api.caller("b")
        begun = [await caller.upload(auto_start=True) for _ in range(11)]
        waiting = [await caller.upload_id() for _ in range(3)]
        # The last place of the share, at the same time by both doors.
        succeeded, refused = await outcomes(
            *(caller.start(one) for one in waiting), caller.upload(auto_start=True)
        )
        assert (succeeded, len(refused)) == (1, 3)
        assert "12 of the 24 places" in refused[0].message
        assert refused[0].details["queue_places"] == "12"
        assert int(refused[0].details["retry_after_seconds"]) >= 5
        status = await caller.queue_status()
        assert status.caller_quota.queue_places == status.caller_quota.max_queue_places == 12
        # Others still have theirs.
        await other.upload(auto_start=True)
        # A place that is given back can be taken again.
        await caller.cancel(begun[0].job.job_id)
        await caller.upload(auto_start=True)


def from_address(caller: Caller, address: str) -> Caller:
    """Return a client behind a proxy of this machine."""
    metadata = (*caller.metadata, ("x-forwarded-for", address))
    return replace(caller, metadata=metadata)


async def test_all_sessions_of_one_address_have_a_share(
    apis: ApiFactory, database: Database
) -> None:
    async with apis.run(queue_size=20, queue_share_per_address=0.6) as api:
        near = [from_address(api.caller(name), "2001:db8::1") for name in "ab"]
        for number in range(11):
            await near[number % 2].upload(auto_start=True)
        stored = [await one.upload_id() for one in near]
        succeeded, refused = await outcomes(
            *(one.start(each) for one, each in zip(near, stored, strict=True)),
            near[0].upload(auto_start=True),
        )
        assert (succeeded, len(refused)) == (1, 2)
        assert "Your address has 12 of the 20 places" in refused[0].message
        # Another address of the same network is the same client.
        extra = from_address(api.caller("c"), "2001:db8::2")
        with pytest.raises(ResourceExhaustedError, match="Your address"):
            await extra.upload(auto_start=True)
        await from_address(api.caller("c"), "2001:db8:0:1::1").upload(auto_start=True)
        rows = await database.fetch_all("SELECT DISTINCT origin FROM jobs")
        assert len(rows) == 2
        assert not any("2001" in row["origin"] for row in rows)


async def test_address_is_passed_on_by_the_gateway(apis: ApiFactory, database: Database) -> None:
    settings = apis.settings()
    async with apis.run(queue_size=20) as api:
        transcription_id = await api.caller().upload_id()
        request = transcription_pb2.StartTranscriptionRequest(transcription_id=transcription_id)
        signer = CallSigner(settings.secret_key.get_secret_value(), "gateway")
        context = contextvars.copy_context()
        context.run(use_address, "192.0.2.7")
        metadata = context.run(
            lambda: signer.sign(
                "transcriber",
                "/securetranscribe.v1.TranscriptionService/StartTranscription",
                digest=digest_of(request.SerializeToString()),
                owner=Grant.of("session_a"),
            )
        )
        service = api.caller().transcriptions
        await unwrap(service.StartTranscription(request, metadata=tuple(metadata.items())))
        await from_address(api.caller("b"), "192.0.2.7").upload(auto_start=True)
        await from_address(api.caller("c"), "192.0.2.8").upload(auto_start=True)
    counted = await database.fetch_all("SELECT count(*) AS jobs FROM jobs GROUP BY origin")
    assert sorted(row["jobs"] for row in counted) == [1, 2]


async def test_small_queues_have_no_shares(apis: ApiFactory) -> None:
    async with apis.run(queue_size=3, queue_share=0.1) as api:
        caller = api.caller()
        for _ in range(3):
            await caller.upload(auto_start=True)
        with pytest.raises(ResourceExhaustedError, match="The queue is full"):
            await caller.upload(auto_start=True)


async def test_announced_size_beyond_the_quota_is_refused_unread(
    apis: ApiFactory, database: Database
) -> None:
    async with apis.run(max_stored_bytes=100_000) as api:
        caller = api.caller()

        request = transcription_pb2.UploadTranscriptionRequest
        config = transcription_pb2.UploadConfig(
            filename="a.wav", language="en", auto_start=False, size_bytes=100_001
        )
        call = caller.transcriptions.UploadTranscription(metadata=caller.metadata)
        await call.write(request(config=config))
        # Refused without a single byte of the file, and without an end of the stream.
        assert (await call.code()).name == "RESOURCE_EXHAUSTED"
        assert await rows(database) == 0
        await caller.upload(SMALL, size_bytes=len(SMALL))


@pytest.mark.parametrize("announced", [True, False])
async def test_two_uploads_cannot_both_take_the_last_room(
    apis: ApiFactory, database: Database, objects: ObjectStore, *, announced: bool
) -> None:
    size = len(SMALL)
    config: dict[str, Any] = {"size_bytes": size} if announced else {}
    async with apis.run(max_stored_bytes=3 * size + size // 2) as api:
        caller, other = api.caller("a"), api.caller("b")
        await caller.upload(SMALL)
        succeeded, refused = await outcomes(*(caller.upload(SMALL, **config) for _ in range(5)))
        # Uploads of unknown size reserve more than they need while they last.
        assert succeeded == 2 if announced else 1 <= succeeded <= 2
        assert all("Delete some first" in one.message for one in refused)
        quota = (await caller.queue_status()).caller_quota
        assert quota.stored_bytes == (1 + succeeded) * size
        assert quota.max_stored_bytes == 3 * size + size // 2
        await other.upload(SMALL)
        assert await rows(database) == len(await objects.keys("audio")) == succeeded + 2


async def test_file_larger_than_announced_is_counted_whole(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    async with apis.run(max_stored_bytes=2 * len(SMALL)) as api:
        caller = api.caller()
        with pytest.raises(ResourceExhaustedError):
            await caller.upload(wav(10.0), size_bytes=10)
        assert await rows(database) == 0
        assert not await objects.keys("audio")
        await caller.upload(SMALL, size_bytes=10)
        assert (await caller.queue_status()).caller_quota.stored_bytes == len(SMALL)


async def test_deleted_recordings_make_room(apis: ApiFactory) -> None:
    async with apis.run(max_stored_bytes=len(SMALL)) as api:
        caller = api.caller()
        first = await caller.upload_id(SMALL)
        with pytest.raises(ResourceExhaustedError):
            await caller.upload(SMALL)
        await caller.delete(first)
        await caller.upload(SMALL)


async def test_sound_in_the_queue_is_limited(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database
) -> None:
    async with apis.run(max_queued_duration=10) as api:
        caller, other = api.caller("a"), api.caller("b")
        # One recording is admitted, however long it is.
        long = await caller.upload(wav(12.0), auto_start=True)
        stored = await caller.upload_id(SMALL)
        with pytest.raises(ResourceExhaustedError, match="0:00:12 hours of sound"):
            await caller.start(stored)
        with pytest.raises(ResourceExhaustedError):
            await caller.upload(SMALL, auto_start=True)
        assert await rows(database) == 2
        quota = (await caller.queue_status()).caller_quota
        assert seconds(quota.queued_duration) == pytest.approx(12.0, abs=0.1)
        assert seconds(quota.max_queued_duration) == 10.0
        await other.upload(SMALL, auto_start=True)
        await caller.cancel(long.job.job_id)
        ids = [await caller.upload_id(wav(4.0)) for _ in range(4)]
        succeeded, _ = await outcomes(*(caller.start(one) for one in ids))
        assert succeeded == 2
        async with worker_factory.both():
            for one in ids:
                found = await caller.get(one)
                if found.job_id:
                    await caller.ended(one)
        await caller.start(stored)


async def test_channels_count_each(api: Api) -> None:
    caller = api.caller()
    upload = await caller.upload(
        wav(4.0, tones=(220, 330)),
        channels=transcription_pb2.CHANNEL_MODE_SEPARATE,
        auto_start=True,
    )
    assert len(upload.transcription.channel_plan.channels) == 2
    quota = (await caller.queue_status()).caller_quota
    assert seconds(quota.queued_duration) == pytest.approx(8.0, abs=0.1)
    assert upload.job.status == queue_pb2.JOB_STATUS_QUEUED


async def test_place_for_an_upload_started_late_is_exact(apis: ApiFactory) -> None:
    async with apis.run(queue_size=2) as api:
        callers = [api.caller(name) for name in "abcd"]

        async def late(one: Caller) -> None:
            request = transcription_pb2.UploadTranscriptionRequest
            config = transcription_pb2.UploadConfig(
                filename="a.wav", language="en", auto_start=False
            )
            options = transcription_pb2.UploadOptions(auto_start=True)
            messages = [request(config=config), request(chunk=SMALL), request(options=options)]

            async def sent() -> Any:
                for message in messages:
                    yield message

            await unwrap(one.transcriptions.UploadTranscription(sent(), metadata=one.metadata))

        succeeded, refused = await outcomes(*(late(one) for one in callers))
        assert (succeeded, len(refused)) == (2, 2)
