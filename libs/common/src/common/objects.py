"""Object store (S3): streamed uploads and ranged reads, in bounded memory."""

import asyncio
import contextlib
import hashlib
import io
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import Part
from minio.error import MinioException, S3Error

from common.disk_reserve import DiskReserve
from common.encryption.object_cipher import ObjectCipher, version_of_parts
from common.encryption.object_keys import NO_KEYS, ObjectKeys
from common.encryption.records import Buffer, sealed_size
from common.errors import ApplicationError, DiskFullError, NotFoundError, UnavailableError
from common.object_parts import PART_BYTES, PartAllowance, PartedUpload, completed
from common.settings import ObjectSettings

_BLOCK_BYTES = 1024 * 1024
_BLOCKS = 6
_HASHED_BYTES = 1024 * 1024
#: Error codes of a full store, and codes that may also mean a full disk.
FULL_CODES = frozenset(
    {"XMinioStorageFull", "EntityTooLarge", "QuotaExceeded", "InsufficientCapacity"}
)
FAILED_CODES = frozenset({"InternalError", "ServiceUnavailable"})
Answer = TypeVar("Answer")
#: Returns as many bytes as its second argument, from the offset in the first.
Read = Callable[[int, int], bytes]
View = Callable[[int, int], Buffer]


class ObjectStore:
    """Client of the object store. Calls run on its own threads.

    Objects are encrypted and decrypted there as their `keys` say. Sizes and offsets are always
    those of plain bytes. Reading raises DamagedObjectError for an encrypted object that was
    altered.

    A streamed upload occupies a thread only while one of its parts is sent. Parts have separate
    threads, so that they never delay short calls.
    """

    def __init__(
        self,
        settings: ObjectSettings,
        *,
        threads: int = 16,
        uploads: int = 16,
        keys: ObjectKeys = NO_KEYS,
    ) -> None:
        self._keys_of_objects = keys
        url = urlsplit(settings.s3_endpoint)
        self._pool = connection_pool(threads + uploads)
        self._client = Minio(
            url.netloc,
            access_key=settings.s3_access_key.get_secret_value(),
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=url.scheme == "https",
            region=settings.s3_region,
            http_client=self._pool,
        )
        self._reserve = DiskReserve(
            settings.s3_local_directory, reserve_bytes=settings.s3_local_reserve
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="objects")
        self._uploads = ThreadPoolExecutor(uploads, thread_name_prefix="uploads")
        # Half of the threads are left for uploads that send one part at a time.
        self._allowance = PartAllowance(uploads // 2)

    def close(self) -> None:
        """Drop idle connections. Calls in flight finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._uploads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    async def check(self, bucket: str) -> None:
        """Raise UnavailableError unless the bucket can be reached."""
        if not await self._call(self._client.bucket_exists, bucket):
            raise UnavailableError(f"The bucket '{bucket}' does not exist in the object store.")

    async def put(self, bucket: str, key: str, data: bytes) -> None:
        """Write a small object in one piece."""
        cipher = await self._keys_of_objects.writing(bucket, key)
        await self._call(self._put, bucket, key, data, cipher)

    async def put_stream(self, bucket: str, key: str, chunks: AsyncIterator[bytes]) -> int:
        """Write an object of unknown length as its bytes arrive. Return the number of bytes.

        Two parts are held in memory, and a third one if few other uploads hold one. An exception of
        `chunks` aborts the upload, leaves no object behind and is raised again.

        Raises:
            DiskFullError: the store has no room. Nothing of the object is left.
        """
        self._reserve.require()
        cipher = await self._keys_of_objects.writing(bucket, key)
        upload = PartedUpload(
            self._client,
            bucket,
            key,
            run=self._send,
            allowance=self._allowance,
            cipher=cipher,
        )
        try:
            async for chunk in chunks:
                if (upload.size + len(chunk)) // PART_BYTES > upload.size // PART_BYTES:
                    self._reserve.require()
                await upload.write(chunk)
            await upload.finish()
        except BaseException:
            await self._abort(upload)
            raise
        return upload.size

    @property
    def reserve(self) -> DiskReserve:
        """The reserve on the disk of the store, if it is on this machine."""
        return self._reserve

    def require_room(self) -> None:
        """Raise DiskFullError if the disk of the store has no room for more recordings."""
        self._reserve.require()

    async def begin_parts(self, bucket: str, key: str) -> str:
        """Begin an object that is sent in parts, perhaps by several processes. Return its id."""
        self._reserve.require()
        begun: str = await self._send(self._client._create_multipart_upload, bucket, key, {})
        return begun

    async def put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        data: bytes,
        *,
        offset: int,
        last: bool,
    ) -> str:
        """Send a part, numbered from 1. Return its entity tag. A repeated number replaces a part.

        Its first byte has the `offset` in the object, a multiple of 64 KiB. The last part has to
        be known as such.

        Raises:
            NotFoundError: the object is complete already, or was aborted.
        """
        self._reserve.require()
        cipher = await self._keys_of_objects.writing(bucket, key)

        def send() -> str:
            body: Buffer = data
            if cipher is not None:
                version = version_of_parts(upload_id)
                body = cipher.seal_part(data, version=version, offset=offset, last=last)
            tag: str = self._client._upload_part(
                bucket, key, cast(bytes, body), None, upload_id, number
            )
            return tag

        sent: str = await self._send(send)
        return sent

    async def complete_parts(
        self, bucket: str, key: str, upload_id: str, tags: Sequence[str]
    ) -> None:
        """Make the object from its parts, given their entity tags in order.

        Raises:
            NotFoundError: the object is complete already, or was aborted.
        """
        complete = self._client._complete_multipart_upload
        parts = [Part(number, tag) for number, tag in enumerate(tags, start=1)]
        await self._send(complete, bucket, key, upload_id, parts)

    async def size(self, bucket: str, key: str) -> int | None:
        """Return the size of an object in bytes, None if it does not exist."""
        try:
            return (await self.open(bucket, key)).size
        except NotFoundError:
            return None

    async def sha256(self, bucket: str, key: str, size: int) -> str:
        """Return the SHA-256 of an object of `size` bytes in hexadecimal digits."""
        read = await self.reader(bucket, key, size)
        digest: str = await self._call(_sha256, read, size)
        return digest

    async def get(self, bucket: str, key: str) -> bytes:
        """Return a small object in one piece."""
        cipher = await self._keys_of_objects.reading(bucket, key)
        data: bytes = await self._call(self._get, bucket, key, cipher)
        return data

    async def exists(self, bucket: str, key: str) -> bool:
        """Return whether the object exists."""
        try:
            await self._call(self._client.stat_object, bucket, key)
        except NotFoundError:
            return False
        return True

    async def delete(self, bucket: str, key: str) -> None:
        """Delete an object if it exists."""
        await self._call(self._client.remove_object, bucket, key)

    async def delete_prefix(self, bucket: str, prefix: str) -> int:
        """Delete every object under a prefix. Return their number."""
        count: int = await self._call(self._delete_prefix, bucket, prefix)
        return count

    async def abort_uploads(self, bucket: str, key: str) -> int:
        """Abort the unfinished uploads to a key. Return their number."""
        count: int = await self._call(self._abort_uploads, bucket, key)
        return count

    async def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys of all objects under a prefix."""
        keys: list[str] = await self._call(self._keys, bucket, prefix)
        return keys

    async def open(self, bucket: str, key: str) -> "RangedObject":
        """Open an object for seeking and ranged reads, from a worker thread."""
        cipher = await self._keys_of_objects.reading(bucket, key)
        stat = await self._call(self._client.stat_object, bucket, key)
        fetch, stored = partial(self._fetch, bucket, key), int(stat.size or 0)
        if cipher is None:
            return RangedObject(fetch, stored)
        reader = cipher.reader(fetch, stored)
        return RangedObject(reader.view, reader.size)

    async def reader(self, bucket: str, key: str, size: int) -> Read:
        """Return a function that reads ranges of an object of `size` bytes on its caller's thread.

        No request is made before.
        """
        cipher = await self._keys_of_objects.reading(bucket, key)
        fetch = partial(self._fetch, bucket, key)
        return fetch if cipher is None else cipher.reader(fetch, sealed_size(size)).read

    def _fetch(self, bucket: str, key: str, offset: int, length: int) -> bytes:
        """Return `length` stored bytes from `offset`, read on the calling thread."""
        data: bytes = self._translated(self._read, bucket, key, offset, length)
        return data

    async def _abort(self, upload: PartedUpload) -> None:
        """Abort an upload, also if the caller is cancelled again. An outage leaves it unfinished.

        Remaining parts are removed by `abort_uploads` or by a rule of the store.
        """
        aborting = asyncio.create_task(upload.abort(), name="abort upload")
        with contextlib.suppress(ApplicationError):
            await completed(aborting)

    def _read(self, bucket: str, key: str, offset: int, length: int) -> bytes:
        response = self._client.get_object(bucket, key, offset=offset, length=length)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def _put(self, bucket: str, key: str, data: bytes, cipher: ObjectCipher | None) -> None:
        body: Buffer = data if cipher is None else cipher.seal(data)
        self._client.put_object(bucket, key, io.BytesIO(body), len(body))

    def _get(self, bucket: str, key: str, cipher: ObjectCipher | None) -> bytes:
        stored = self._read(bucket, key, 0, 0)
        return stored if cipher is None else cipher.unseal(stored)

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        listed = self._client.list_objects(bucket, prefix=prefix, recursive=True)
        return [item.object_name for item in listed if item.object_name]

    def _abort_uploads(self, bucket: str, key: str) -> int:
        # The client has no public call for this. Lifecycle rules have a granularity of days.
        listed = self._client._list_multipart_uploads(bucket, prefix=key)
        ids = [upload.upload_id for upload in listed.uploads if upload.object_name == key]
        for upload_id in ids:
            self._client._abort_multipart_upload(bucket, key, upload_id or "")
        return len(ids)

    def _delete_prefix(self, bucket: str, prefix: str) -> int:
        keys = self._keys(bucket, prefix)
        for key in keys:
            self._client.remove_object(bucket, key)
        return len(keys)

    async def _call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._translated(function, *arguments, **named)
        )

    async def _send(self, function: Any, *arguments: Any, **named: Any) -> Any:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(
            self._uploads, lambda: self._translated(function, *arguments, **named)
        )
        # A part that arrives after the upload was aborted would be left in the store.
        return await completed(work)

    def _translated(self, function: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchObject", "NoSuchUpload"):
                raise NotFoundError("The stored object no longer exists.") from error
            if error.code in FULL_CODES or (error.code in FAILED_CODES and self._reserve.touched):
                raise DiskFullError from error
            raise UnavailableError(
                "The object store refused the request. Try again soon."
            ) from error
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise UnavailableError("The object store does not answer. Try again soon.") from error


def connection_pool(size: int) -> urllib3.PoolManager:
    """Return a pool of connections to the object store, which tries again after short outages."""
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=5, read=60),
        maxsize=size,
        # Of files that are sent. The usual 16 KiB take much time in small steps.
        blocksize=256 * 1024,
        retries=urllib3.Retry(
            total=4,
            backoff_factor=0.2,
            status_forcelist=(502, 503, 504),
            # The last answer tells more than the fact that there were too many.
            raise_on_status=False,
        ),
    )


def _sha256(read: Read, size: int) -> str:
    digest = hashlib.sha256()
    for offset in range(0, size, _HASHED_BYTES):
        digest.update(read(offset, min(_HASHED_BYTES, size - offset)))
    return digest.hexdigest()


class RangedObject(io.RawIOBase):
    """An object as a seekable file. Reads whole blocks and caches the last few."""

    def __init__(self, read: View, size: int) -> None:
        super().__init__()
        self.size = size
        self.read_range = read
        self._position = 0
        self._blocks: OrderedDict[int, Buffer] = OrderedDict()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position and return it. Reads past the end return nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer up to the end of the current block. Return the number of bytes."""
        if self._position >= self.size:
            return 0
        number, within = divmod(self._position, _BLOCK_BYTES)
        data = memoryview(self._block(number))[within : within + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _block(self, number: int) -> Buffer:
        if number not in self._blocks:
            start = number * _BLOCK_BYTES
            length = min(_BLOCK_BYTES, self.size - start)
            block = self.read_range(start, length)
            self._blocks[number] = block
            if len(self._blocks) > _BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]
