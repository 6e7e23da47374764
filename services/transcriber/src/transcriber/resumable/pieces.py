"""Bytes of an upload on their way into the object store, each acknowledged once it is durable.

Whole parts go into a multipart upload. Bytes behind them wait in objects of the tail until they
fill a part, because stores refuse parts below 5 MiB.
"""

import contextlib
import secrets
from dataclasses import dataclass, replace

from common.encryption.records import CHUNK_BYTES
from common.errors import ApplicationError, NotFoundError, UnavailableError
from common.object_parts import PART_BYTES
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.resumable.lease import Lease, lost
from transcriber.store.resumable_uploads import (
    ResumableUpload,
    ResumableUploads,
    Stored,
    TailPiece,
)

#: Stores take at most 10,000 parts.
_MOST_PARTS = 9_000
#: Objects of one tail. Then they become one, so that small pieces do not make many objects.
_MOST_PIECES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceStore:
    """Where bytes go. Uploads expire `expiry_seconds` after their last bytes."""

    database: Database
    objects: ObjectStore
    bucket: str
    expiry_seconds: float


class Pieces:
    """Bytes of one append. With `at_once`, nothing is acknowledged before the end."""

    def __init__(
        self, store: PieceStore, upload: ResumableUpload, lease: Lease, *, at_once: bool
    ) -> None:
        self._store = store
        self._upload = upload
        self._lease = lease
        self._at_once = at_once
        self._stored = upload.stored
        self._multipart_id = upload.multipart_id
        self._part_bytes = part_bytes(upload.size_bytes)
        self._obsolete: list[str] = []
        self._buffer = bytearray()

    @property
    def received(self) -> int:
        """Bytes of the file so far."""
        if self._stored.assembled:
            return self._upload.size_bytes
        return len(self._stored.parts) * self._part_bytes + len(self._buffer)

    @property
    def complete(self) -> bool:
        """Return whether the whole file has arrived."""
        return self._stored.assembled or self.received == self._upload.size_bytes

    async def load(self) -> None:
        """Read the tail."""
        for piece in self._stored.tail:
            self._buffer += await self._store.objects.get(self._store.bucket, piece.key)

    def head(self, length: int) -> bytes:
        """Return the first bytes of the file, fewer than `length` before they have arrived.

        It is empty once the first part has been stored.
        """
        return b"" if self._stored.parts else bytes(self._buffer[:length])

    async def add(self, chunk: bytes) -> None:
        """Take the next bytes, and store a part once it is full and more follows.

        Nothing more is needed of a whole file.
        """
        if self._stored.assembled:
            return
        self._buffer += chunk
        try:
            while len(self._buffer) > self._part_bytes:
                await self._send_part()
        except NotFoundError as error:
            await self._note_whole(error)

    async def keep(self) -> None:
        """Store all received bytes."""
        if self._stored.assembled:
            return
        if self.complete:
            try:
                await self._assemble()
            except NotFoundError as error:
                await self._note_whole(error)
            return
        if len(self._buffer) == self._part_bytes:
            await self._send_part()
        held = sum(piece.size for piece in self._stored.tail)
        if len(self._buffer) > held:
            await self._extend_tail(held)
        if self._stored != self._upload.stored:
            await self._save(replace(self._stored, offset=self.received))

    async def _extend_tail(self, held: int) -> None:
        """Store the bytes behind the first `held` ones of the tail."""
        tail = self._stored.tail
        if len(tail) >= _MOST_PIECES:
            self._obsolete += [piece.key for piece in tail]
            tail, held = (), 0
        data = bytes(memoryview(self._buffer)[held:])
        key = f"{tail_prefix(self._upload)}{self.received}-{secrets.token_hex(4)}"
        self._store.objects.require_room()
        await self._store.objects.put(self._store.bucket, key, data)
        self._stored = replace(self._stored, tail=(*tail, TailPiece(key=key, size=len(data))))

    async def _send_part(self) -> None:
        data = bytes(memoryview(self._buffer)[: self._part_bytes])
        tag = await self._put_part(data)
        del self._buffer[: self._part_bytes]
        self._obsolete += [piece.key for piece in self._stored.tail]
        self._stored = replace(self._stored, parts=(*self._stored.parts, tag), tail=())
        if not self._at_once:
            stored = len(self._stored.parts) * self._part_bytes
            await self._save(replace(self._stored, offset=stored))

    async def _put_part(self, data: bytes) -> str:
        store, key = self._store, self._upload.source_key
        if not self._multipart_id:
            self._multipart_id = await store.objects.begin_parts(store.bucket, key)
            async with store.database.transaction() as connection:
                uploads, lease = ResumableUploads(connection), self._lease
                if not await uploads.begin_parts(lease.upload_id, lease.token, self._multipart_id):
                    raise lost()
        number = len(self._stored.parts) + 1
        offset = (number - 1) * self._part_bytes
        return await store.objects.put_part(
            store.bucket,
            key,
            self._multipart_id,
            number,
            data,
            offset=offset,
            last=offset + len(data) == self._upload.size_bytes,
        )

    async def _assemble(self) -> None:
        """Make the object of the whole file."""
        store, key = self._store, self._upload.source_key
        if self._stored.parts:
            tags = self._stored.parts
            if self._buffer:
                tags = (*tags, await self._put_part(bytes(self._buffer)))
            await store.objects.complete_parts(store.bucket, key, self._multipart_id, tags)
        else:
            store.objects.require_room()
            await store.objects.put(store.bucket, key, bytes(self._buffer))
        await self._save_whole()

    async def _note_whole(self, error: NotFoundError) -> None:
        """Note the object of a process killed before it noted it. Raise if there is none."""
        store = self._store
        size = await store.objects.size(store.bucket, self._upload.source_key)
        if size != self._upload.size_bytes:
            raise UnavailableError("The upload cannot be stored now. Try again.") from error
        await self._save_whole()

    async def _save_whole(self) -> None:
        self._obsolete += [piece.key for piece in self._stored.tail]
        await self._save(Stored(offset=self._upload.size_bytes, assembled=True))

    async def _save(self, stored: Stored) -> None:
        """Acknowledge the stored bytes, then remove the objects they replace."""
        async with self._store.database.transaction() as connection:
            saved = await ResumableUploads(connection).save(
                self._lease.upload_id,
                self._lease.token,
                stored,
                seconds=self._store.expiry_seconds,
            )
        if not saved:
            raise lost()
        self._stored = stored
        obsolete, self._obsolete = self._obsolete, []
        for key in obsolete:
            # What is left of them is removed with the upload.
            with contextlib.suppress(ApplicationError):
                await self._store.objects.delete(self._store.bucket, key)


def tail_prefix(upload: ResumableUpload) -> str:
    """Return the prefix of the objects of an upload's tail."""
    return f"{upload.transcription_id}/tail/"


def part_bytes(size: int) -> int:
    """Return the size of the parts of a file of `size` bytes, a multiple of that of chunks."""
    return max(PART_BYTES, -(-size // (_MOST_PARTS * CHUNK_BYTES)) * CHUNK_BYTES)
