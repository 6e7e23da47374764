"""Upload of an object of unknown length in parts, as its bytes arrive."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

from minio import Minio
from minio.datatypes import Part

from common.encryption.object_cipher import ObjectCipher
from common.encryption.records import new_version

#: Smallest part that every object store takes. One upload holds two parts in memory. Encrypted
#: chunks divide it.
PART_BYTES = 5 * 1024 * 1024
Run = Callable[..., Awaitable[Any]]


class PartedUpload:
    """One upload, which sends a part while the next one arrives.

    It needs a thread only while a full part is sent, however slow its source is.
    """

    def __init__(
        self,
        client: Minio,
        bucket: str,
        key: str,
        *,
        run: Run,
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
        self._rest = bytearray()
        self._parts: list[Part] = []
        self._upload_id = ""
        self._sending: asyncio.Task[None] | None = None
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Begin to send a part once it is full and the one before is sent.

        Raises the error of sending the part before.
        """
        self.size += len(chunk)
        self._rest += chunk
        while len(self._rest) > PART_BYTES:
            part = bytes(memoryview(self._rest)[:PART_BYTES])
            del self._rest[:PART_BYTES]
            await self._sent()
            self._sending = asyncio.create_task(self._send(part), name="send part")

    async def finish(self) -> None:
        """Send the rest. The object exists afterwards."""
        await self._sent()
        if not self._upload_id:
            await self._run(self._put_whole)
            return
        await self._send(bytes(self._rest), last=True)
        await self._run(
            self._client._complete_multipart_upload,
            self._bucket,
            self._key,
            self._upload_id,
            self._parts,
        )

    async def abort(self) -> None:
        """Remove the parts sent so far, once none is being sent."""
        if self._sending is not None:
            await asyncio.wait([self._sending])
            if not self._sending.cancelled():
                self._sending.exception()  # retrieved, because the upload has failed already
        if self._upload_id:
            await self._run(
                self._client._abort_multipart_upload, self._bucket, self._key, self._upload_id
            )

    async def _sent(self) -> None:
        """Wait until no part is being sent. A cancelled caller leaves only once it has ended."""
        if self._sending is not None:
            await self._sending
            self._sending = None

    def _put_whole(self) -> None:
        body = self._sealed(bytes(self._rest), number=1, last=True)
        self._client.put_object(self._bucket, self._key, io.BytesIO(body), len(body))

    def _sealed(self, part: bytes, *, number: int, last: bool) -> bytes:
        """Return a part as it is stored. All parts but the last have the same size."""
        if self._cipher is None:
            return part
        offset = (number - 1) * PART_BYTES
        return self._cipher.seal_part(part, version=self._version, offset=offset, last=last)

    async def _send(self, part: bytes, *, last: bool = False) -> None:
        # The client has no public calls for parts of a stream that does not block a thread.
        if not self._upload_id:
            create = self._client._create_multipart_upload
            self._upload_id = await self._run(create, self._bucket, self._key, {})
        number, upload_id = len(self._parts) + 1, self._upload_id

        def send() -> str:
            body = self._sealed(part, number=number, last=last)
            tag: str = self._client._upload_part(
                self._bucket, self._key, body, None, upload_id, number
            )
            return tag

        self._parts.append(Part(number, await self._run(send)))


async def completed(future: "asyncio.Future[Any]") -> Any:
    """Return the result of work on a thread. A cancelled caller leaves only once it has ended."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # retrieved, because the cancellation is raised instead
        raise
