"""Upload of an object of unknown length in parts, as its bytes arrive."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any, cast

from minio import Minio
from minio.datatypes import Part

from common.encryption.object_cipher import ObjectCipher
from common.encryption.records import Buffer, new_version
from common.piece_buffer import PieceBuffer

#: Smallest part that every object store takes. Encrypted chunks divide it.
PART_BYTES = 5 * 1024 * 1024
#: Parts of one upload that are sent at the same time. One more arrives meanwhile.
_PARTS_AT_ONCE = 2
Run = Callable[..., Awaitable[Any]]


class PartAllowance:
    """Parts that uploads may send in addition to their first one, shared by all uploads.

    So the memory for parts stays bounded, however many uploads there are.
    """

    def __init__(self, parts: int) -> None:
        self._free = parts

    def take(self) -> bool:
        """Take one if there is one left."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """Return one that was taken."""
        self._free += 1


class PartedUpload:
    """One upload, which sends up to two parts while the next one arrives.

    The second one needs a place in the allowance. An upload needs a thread only for full parts that
    are sent, however slow its source is.
    """

    def __init__(
        self,
        client: Minio,
        bucket: str,
        key: str,
        *,
        run: Run,
        allowance: PartAllowance,
        cipher: ObjectCipher | None = None,
    ) -> None:
        """`run` calls a function on a thread and raises the store's errors as ours.

        Parts are encrypted there if there is a `cipher`.
        """
        self._cipher = cipher
        self._version = new_version()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._run = run
        self._allowance = allowance
        self._rest = PieceBuffer()
        self._tags: dict[int, str] = {}
        self._begun: asyncio.Task[str] | None = None
        self._count = 0
        self._sending: set[asyncio.Task[None]] = set()
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Begin to send a part once it is full and there is room for it.

        Raises the error of sending an earlier part.
        """
        self.size += len(chunk)
        self._rest.add(chunk)
        while len(self._rest) > PART_BYTES:
            extra = await self._room()
            self._begin(self._rest.take(PART_BYTES), extra=extra)

    async def finish(self) -> None:
        """Send the rest. The object exists afterwards."""
        rest = self._rest.take(PART_BYTES)
        if self._begun is None:
            await self._run(self._put_whole, rest)
            return
        extra = await self._room()
        self._begin(rest, extra=extra, last=True)
        while self._sending:
            await self._ended()
        await self._run(
            self._client._complete_multipart_upload,
            self._bucket,
            self._key,
            await self._begun,
            [Part(number, self._tags[number]) for number in range(1, self._count + 1)],
        )

    async def abort(self) -> None:
        """Remove the parts sent so far, once none is being sent."""
        if self._begun is None:
            return
        unfinished = {self._begun, *self._sending}
        await asyncio.wait(unfinished)
        for task in unfinished:
            if not task.cancelled():
                task.exception()  # retrieved, because the upload has failed already
        if not self._begun.cancelled() and self._begun.exception() is None:
            abort = self._client._abort_multipart_upload
            await self._run(abort, self._bucket, self._key, self._begun.result())

    async def _room(self) -> bool:
        """Wait until a part may be sent. Return whether it takes one of the allowance."""
        while self._sending:
            if len(self._sending) < _PARTS_AT_ONCE and self._allowance.take():
                return True
            await self._ended()
        return False

    async def _ended(self) -> None:
        """Wait for the end of a part. Raise the error of sending it."""
        ended, self._sending = await asyncio.wait(
            self._sending, return_when=asyncio.FIRST_COMPLETED
        )
        errors = [error for task in ended if (error := task.exception())]
        if errors:
            raise errors[0]

    def _begin(self, part: bytes, *, extra: bool, last: bool = False) -> None:
        """Begin to send a part. With `extra`, it has one of the allowance."""
        if self._begun is None:
            self._begun = asyncio.create_task(self._create(), name="begin parts")
        self._count += 1
        sending = asyncio.create_task(self._send(part, self._count, last=last), name="send part")
        if extra:
            sending.add_done_callback(lambda _: self._allowance.give_back())
        self._sending.add(sending)

    def _put_whole(self, rest: bytes) -> None:
        body = self._sealed(rest, number=1, last=True)
        self._client.put_object(self._bucket, self._key, io.BytesIO(body), len(body))

    def _sealed(self, part: bytes, *, number: int, last: bool) -> Buffer:
        """Return a part as it is stored. All parts but the last have the same size."""
        if self._cipher is None:
            return part
        offset = (number - 1) * PART_BYTES
        return self._cipher.seal_part(part, version=self._version, offset=offset, last=last)

    async def _create(self) -> str:
        # The client has no public calls for parts of a stream that does not block a thread.
        create = self._client._create_multipart_upload
        begun: str = await self._run(create, self._bucket, self._key, {})
        return begun

    async def _send(self, part: bytes, number: int, *, last: bool) -> None:
        assert self._begun is not None
        upload_id = await asyncio.shield(self._begun)

        def send() -> str:
            body = self._sealed(part, number=number, last=last)
            tag: str = self._client._upload_part(
                self._bucket, self._key, cast(bytes, body), None, upload_id, number
            )
            return tag

        self._tags[number] = await self._run(send)


async def completed(future: "asyncio.Future[Any]") -> Any:
    """Return the result of work on a thread. A cancelled caller leaves only once it has ended."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # retrieved, because the cancellation is raised instead
        raise
