"""Uploads in pieces on a real object store."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from minio import Minio

from common.errors import (
    ApplicationError,
    ChecksumError,
    FileTooLargeError,
    FileUploadError,
    LockedError,
    NotFoundError,
    ResourceExhaustedError,
    StateError,
    ValidationError,
)
from common.objects import ObjectStore
from common.postgres import Database
from common.settings import ObjectSettings
from securetranscribe.v1 import upload_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import until, wav
from tests.integration.transcriber.resumable.uploading import (
    MEBIBYTE,
    Uploads,
    pieces,
    recording,
    send,
)

PART = 5 * MEBIBYTE
_STEALABLE = "UPDATE resumable_uploads SET leased_until = now() - interval '1 hour'"
_EXPIRED = "UPDATE resumable_uploads SET expires_at = now() - interval '1 second'"
_LEASED = "SELECT count(*) AS number FROM resumable_uploads WHERE leased_until > now()"
_ROWS = "SELECT count(*) AS number FROM resumable_uploads"


async def unfinished(s3: ObjectSettings) -> list[str | None]:
    """Return the keys of unfinished multipart uploads."""
    client = Minio(
        s3.s3_endpoint.removeprefix("http://"),
        access_key=s3.s3_access_key.get_secret_value(),
        secret_key=s3.s3_secret_key.get_secret_value(),
        secure=False,
        region=s3.s3_region,
    )
    listed = await asyncio.to_thread(client._list_multipart_uploads, "audio")
    return [upload.object_name for upload in listed.uploads]


async def nothing_left(database: Database, objects: ObjectStore, s3: ObjectSettings) -> bool:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return not row["number"] and not await objects.keys("audio") and not await unfinished(s3)


@pytest.fixture
def uploads(api: Api) -> Uploads:
    return Uploads.of(api)


@pytest.mark.parametrize(
    ("first", "size"),
    [
        (1, 200_000),
        (PART - 1, PART + 200_000),
        (PART, PART + 1),
        (PART + 1, 2 * PART),
        (2 * PART, 2 * PART + 5),
        (PART, 3 * PART),
    ],
)
async def test_upload_in_two_pieces(
    uploads: Uploads, api: Api, objects: ObjectStore, s3: ObjectSettings, first: int, size: int
) -> None:
    data = recording(size)
    upload = await uploads.create(size)

    half = await uploads.append(upload.upload_id, 0, data[:first])
    assert (half.offset_bytes, half.state) == (first, upload_pb2.UPLOAD_STATE_RECEIVING)
    done = await uploads.append(upload.upload_id, first, data[first:])

    assert (done.offset_bytes, done.state) == (size, upload_pb2.UPLOAD_STATE_COMPLETED)
    key = f"{done.transcription_id}/source"
    assert await objects.get("audio", key) == data
    assert await objects.keys("audio") == [key]
    assert await unfinished(s3) == []
    found = await api.caller("a").get(done.transcription_id)
    assert (found.file.filename, found.file.size_bytes) == ("talk.wav", size)
    assert await uploads.duplicates(hashlib.sha256(data).hexdigest()) == [done.transcription_id]


async def test_many_small_pieces(uploads: Uploads, objects: ObjectStore) -> None:
    data = recording(40 * 4_000)
    upload = await uploads.create(len(data))

    for start in range(0, len(data), 4_000):
        told = await uploads.append(upload.upload_id, start, data[start : start + 4_000])
        assert told.offset_bytes == start + 4_000
        assert len(await objects.keys("audio")) <= 17

    assert await objects.get("audio", f"{told.transcription_id}/source") == data


async def test_last_append_can_be_repeated(uploads: Uploads, objects: ObjectStore) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data))
    await uploads.append(upload.upload_id, 0, data[:1000])
    done = await uploads.append(upload.upload_id, 1000, data[1000:])

    assert await uploads.append(upload.upload_id, 1000, data[1000:]) == done
    assert await uploads.append(upload.upload_id, len(data), b"") == done
    assert await uploads.finish(upload.upload_id) == done
    with pytest.raises(StateError):
        await uploads.append(upload.upload_id, 0, data)


async def test_job_starts_at_the_end(uploads: Uploads, api: Api) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data), auto_start=True)

    done = await uploads.append(upload.upload_id, 0, data)

    assert done.job_id
    assert (await api.caller("a").job(done.job_id)).transcription_id == done.transcription_id


async def test_same_rows_as_of_a_plain_upload(uploads: Uploads, api: Api) -> None:
    data = wav(4.0, tones=(220, 330))
    plain = (await api.caller("a").upload(data)).transcription
    upload = await uploads.create(len(data))
    done = await uploads.append(upload.upload_id, 0, data)

    pieced = await api.caller("a").get(done.transcription_id)

    pieced.transcription_id = plain.transcription_id
    pieced.create_time.CopyFrom(plain.create_time)
    pieced.recording_keep_until_time.CopyFrom(plain.recording_keep_until_time)
    assert pieced == plain
    digest = hashlib.sha256(data).hexdigest()
    assert await uploads.duplicates(digest) == [done.transcription_id, plain.transcription_id]


async def test_wrong_offset_is_told(uploads: Uploads) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data))
    await uploads.append(upload.upload_id, 0, data[:1000])

    with pytest.raises(StateError) as caught:
        await uploads.append(upload.upload_id, 999, data[999:])

    assert caught.value.details == {"offset": "1000"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_wrong_checksum_leaves_the_offset(uploads: Uploads, algorithm: str) -> None:
    data = recording(2 * PART + 10)
    upload = await uploads.create(len(data))
    await uploads.append(upload.upload_id, 0, data[:1000])
    digest = hashlib.new(algorithm, data[1000:]).digest()
    checked = {"checksum_algorithm": algorithm, "checksum": digest}

    with pytest.raises(ChecksumError):
        await uploads.append(upload.upload_id, 1000, data[1000:-1] + b"x", **checked)

    assert (await uploads.get(upload.upload_id)).offset_bytes == 1000
    done = await uploads.append(upload.upload_id, 1000, data[1000:], **checked)
    assert done.state == upload_pb2.UPLOAD_STATE_COMPLETED


async def test_damaged_first_bytes_do_not_refuse_the_file(uploads: Uploads) -> None:
    data = recording(200_000)
    upload = await uploads.create(len(data))
    checked = {"checksum_algorithm": "sha256", "checksum": hashlib.sha256(data).digest()}

    with pytest.raises(ChecksumError):
        await uploads.append(upload.upload_id, 0, b"<html>" + data[6:], **checked)

    told = await uploads.get(upload.upload_id)
    assert (told.offset_bytes, told.state) == (0, upload_pb2.UPLOAD_STATE_RECEIVING)
    done = await uploads.append(upload.upload_id, 0, data, **checked)
    assert done.state == upload_pb2.UPLOAD_STATE_COMPLETED


async def test_bytes_of_a_broken_connection_are_kept(uploads: Uploads) -> None:
    data = recording(PART + 500_000)
    upload = await uploads.create(len(data))
    stream = await uploads.begin(upload.upload_id, 0)
    await send(stream, pieces(data[: PART + 300_000]))

    async def part_stored() -> bool:
        return (await uploads.get(upload.upload_id)).offset_bytes == PART

    await until(part_stored)
    stream.cancel()

    async def kept() -> int:
        told = await uploads.get(upload.upload_id)
        return told.offset_bytes if told.offset_bytes > PART else 0

    offset = await until(kept)
    done = await _when_free(lambda: uploads.append(upload.upload_id, offset, data[offset:]))
    assert done.state == upload_pb2.UPLOAD_STATE_COMPLETED


async def _when_free(append: Callable[[], Awaitable[Any]]) -> Any:
    """Repeat an append until nobody else appends."""

    async def attempt() -> Any:
        try:
            return await append()
        except LockedError:
            return None

    return await until(attempt)


async def test_one_of_two_appends_is_refused(uploads: Uploads, database: Database) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data))
    stream = await uploads.begin(upload.upload_id, 0)
    await send(stream, [data[:1000]])

    async def held() -> bool:
        row = await database.fetch_one(_LEASED)
        return row is not None and bool(row["number"])

    await until(held)
    with pytest.raises(LockedError):
        await uploads.append(upload.upload_id, 0, data)
    await database.execute(_STEALABLE)
    done = await uploads.append(upload.upload_id, 0, data)
    assert done.state == upload_pb2.UPLOAD_STATE_COMPLETED
    await send(stream, [data[1000:]])
    with pytest.raises(LockedError):
        await stream.answer()


@pytest.mark.parametrize("algorithm", ["", "sha256"])
async def test_refused_file_leaves_nothing(
    uploads: Uploads, objects: ObjectStore, s3: ObjectSettings, algorithm: str
) -> None:
    junk = b"<html>" * 100_000
    digest = hashlib.sha256(junk[:500_000]).digest()
    checked = {"checksum_algorithm": algorithm, "checksum": digest} if algorithm else {}
    upload = await uploads.create(len(junk))

    with pytest.raises(FileUploadError) as first:
        await uploads.append(upload.upload_id, 0, junk[:500_000], **checked)
    with pytest.raises(FileUploadError) as repeated:
        await uploads.append(upload.upload_id, 0, junk)

    assert str(first.value) == str(repeated.value)
    told = await uploads.get(upload.upload_id)
    assert told.state == upload_pb2.UPLOAD_STATE_REJECTED
    assert told.failure.code == "FILE_UPLOAD_ERROR"
    assert await objects.keys("audio") == []
    assert await unfinished(s3) == []


async def test_file_that_cannot_be_decoded_is_refused(
    uploads: Uploads, objects: ObjectStore
) -> None:
    data = b"fLaC" + bytes(range(256)) * 40
    upload = await uploads.create(len(data))

    with pytest.raises(ApplicationError) as caught:
        await uploads.append(upload.upload_id, 0, data)

    assert caught.value.code == "AUDIO_PROCESSING_ERROR"
    assert await objects.keys("audio") == []


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"language": "klingon"}, ValidationError),
        ({"size_bytes": 0}, ValidationError),
        ({"size_bytes": 10**12}, FileTooLargeError),
        ({"filename": "a.exe"}, FileUploadError),
    ],
)
async def test_wrong_descriptions_fail_at_once(
    uploads: Uploads, config: dict[str, Any], error: type[Exception]
) -> None:
    size = config.pop("size_bytes", 1000)

    with pytest.raises(error):
        await uploads.create(size, **config)

    assert await uploads.ids() == []


async def test_more_bytes_than_declared_are_refused(uploads: Uploads) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data) - 10)

    with pytest.raises(ValidationError):
        await uploads.append(upload.upload_id, 0, data)


async def test_declared_size_counts_for_the_quota(apis: ApiFactory) -> None:
    async with apis.run(max_stored_bytes=1_000_000) as api:
        uploads = Uploads.of(api)
        upload = await uploads.create(900_000)

        with pytest.raises(ResourceExhaustedError):
            await uploads.create(200_000)
        with pytest.raises(ResourceExhaustedError):
            await api.caller("a").upload(wav(20.0))
        await uploads.cancel(upload.upload_id)
        await uploads.create(200_000)


async def test_request_id_makes_a_creation_repeatable(uploads: Uploads, api: Api) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data), request_id="once")

    assert (await uploads.create(len(data), request_id="once")).upload_id == upload.upload_id
    assert await uploads.ids() == [upload.upload_id]


async def test_uploads_of_others_do_not_exist(api: Api) -> None:
    own, other = Uploads.of(api), Uploads.of(api, "b")
    data = wav(4.0)
    upload = await own.create(len(data))

    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: other.get(upload.upload_id),
        lambda: other.append(upload.upload_id, 0, data),
        lambda: other.finish(upload.upload_id),
        lambda: other.cancel(upload.upload_id),
    ]
    for call in calls:
        with pytest.raises(NotFoundError):
            await call()
    assert await other.ids() == []
    done = await own.append(upload.upload_id, 0, data)
    assert done.state == upload_pb2.UPLOAD_STATE_COMPLETED
    assert await other.duplicates(hashlib.sha256(data).hexdigest()) == []


async def test_cancelled_upload_leaves_nothing(
    uploads: Uploads, database: Database, objects: ObjectStore, s3: ObjectSettings
) -> None:
    data = recording(PART + 1_000)
    upload = await uploads.create(len(data))
    await uploads.append(upload.upload_id, 0, data[: PART + 500])

    await uploads.cancel(upload.upload_id)

    with pytest.raises(NotFoundError):
        await uploads.get(upload.upload_id)
    await until(lambda: nothing_left(database, objects, s3))


async def test_complete_upload_cannot_be_cancelled(uploads: Uploads, api: Api) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data))
    done = await uploads.append(upload.upload_id, 0, data)

    with pytest.raises(StateError):
        await uploads.cancel(upload.upload_id)
    await api.caller("a").delete(done.transcription_id)
    assert await uploads.ids() == []


async def test_expired_upload_leaves_nothing(
    uploads: Uploads, database: Database, objects: ObjectStore, s3: ObjectSettings
) -> None:
    data = recording(PART + 1_000)
    upload = await uploads.create(len(data))
    await uploads.append(upload.upload_id, 0, data[: PART + 500])
    assert len(await objects.keys("audio")) == 1
    assert len(await unfinished(s3)) == 1

    await database.execute(_EXPIRED)

    with pytest.raises(NotFoundError):
        await uploads.get(upload.upload_id)
    await until(lambda: nothing_left(database, objects, s3))


async def test_expiry_of_a_complete_upload_keeps_its_recording(
    uploads: Uploads, database: Database, objects: ObjectStore
) -> None:
    data = wav(4.0)
    upload = await uploads.create(len(data))
    done = await uploads.append(upload.upload_id, 0, data)

    await database.execute(_EXPIRED)

    async def forgotten() -> bool:
        row = await database.fetch_one(_ROWS)
        return row is not None and not row["number"]

    await until(forgotten)
    assert await objects.get("audio", f"{done.transcription_id}/source") == data
