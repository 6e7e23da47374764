"""Reception of chunks: bytes first, then their row, then the answer."""

import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from common import sizes
from common.errors import (
    ApplicationError,
    ChecksumError,
    NotFoundError,
    StateError,
    ValidationError,
)
from common.identity import Owner
from common.limits import MAX_CHUNK_BYTES
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.live import raw_sound
from transcriber.queue.admission import Admission
from transcriber.recordings.arrival import too_large
from transcriber.store.captures import Capture, Captures, Chunk

MOST_CHUNKS = 100_000
#: How far a chunk may be ahead of the first missing one.
MOST_AHEAD = 10_000
_SHA256_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class NewChunk:
    """A chunk as it arrives. `announced` is its SHA-256 in the request, empty if there is none."""

    capture_id: str
    number: int
    starts_stream: bool
    data: bytes
    announced: bytes = b""


class ChunkReception:
    """Stores chunks. No state stays in memory between two calls."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        admission: Admission,
        *,
        bucket: str,
        max_bytes: int,
        idle_seconds: float,
    ) -> None:
        """`max_bytes` limits all chunks of one capture together."""
        self._database = database
        self._objects = objects
        self._admission = admission
        self._bucket = bucket
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds

    async def put(self, owner: Owner, new: NewChunk) -> Capture:
        """Store a chunk, and return its capture once the chunk is durable.

        Raises:
            NotFoundError: the workspace has no such capture.
            StateError: the capture has ended, or the number has other bytes.
            ChecksumError: the bytes have another checksum.
            ValidationError: the number or the size is out of bounds.
            FileTooLargeError, ResourceExhaustedError: there is no room for it.
        """
        digest = _checked(new)
        async with self._database.transaction() as connection:
            capture = await Captures(connection).find(new.capture_id, owner.workspace_id)
            capture = _receiving(capture)
            _check_number(capture, new.number)
            if await self._is_repeated(connection, capture, new, digest):
                return await self._found(connection, capture)
            data = _stored(capture, new)
            self._check_size(capture, len(data))
        # Keys differ, so that no two requests with one number write the same object.
        key = f"{prefix(capture)}{new.number:06d}-{secrets.token_hex(4)}"
        self._objects.require_room()
        await self._objects.put(self._bucket, key, data)
        chunk = Chunk(
            number=new.number,
            starts_stream=_begins_stream(capture, new),
            size=len(data),
            sha256=digest,
            key=key,
        )
        kept = False
        try:
            async with self._database.transaction() as connection:
                kept, found = await self._keep(connection, owner, new, chunk)
            return found
        finally:
            if not kept:
                await self._remove_unless_kept(chunk, new.capture_id)

    async def _keep(
        self, connection: Connection, owner: Owner, new: NewChunk, chunk: Chunk
    ) -> tuple[bool, Capture]:
        """Add the row of a stored object. Return whether it was added, and the capture."""
        captures = Captures(connection)
        capture = _receiving(await captures.lock(new.capture_id, owner.workspace_id))
        if await self._is_repeated(connection, capture, new, chunk.sha256):
            return False, await self._found(connection, capture)
        self._check_size(capture, chunk.size)
        await self._admission.reserve(
            connection, owner.workspace_id, least=chunk.size, most=chunk.size
        )
        await captures.add_chunk(capture.capture_id, chunk, idle=self._idle_seconds)
        return True, await self._found(connection, capture)

    async def _is_repeated(
        self, connection: Connection, capture: Capture, new: NewChunk, digest: bytes
    ) -> bool:
        captures = Captures(connection)
        earlier = await captures.chunk(capture.capture_id, new.number)
        if earlier is None:
            return False
        if earlier.sha256 != digest:
            raise StateError(
                f"Chunk {new.number} has arrived with other bytes. Give every chunk a number of "
                "its own.",
                {"number": str(new.number)},
            )
        await captures.touch(capture.capture_id, idle=self._idle_seconds)
        return True

    async def _found(self, connection: Connection, capture: Capture) -> Capture:
        found = await Captures(connection).find(capture.capture_id, capture.workspace_id)
        return _receiving(found)

    def _check_size(self, capture: Capture, added: int) -> None:
        size = capture.stored_bytes + added
        if size > self._max_bytes:
            raise too_large(capture.title or "Recording", size, self._max_bytes)

    async def _remove_unless_kept(self, chunk: Chunk, capture_id: str) -> None:
        """Remove an object without a row. What is left of them is removed with the capture."""
        with contextlib.suppress(ApplicationError):
            async with self._database.transaction() as connection:
                row = await Captures(connection).chunk(capture_id, chunk.number)
            # A commit whose answer was lost has added the row.
            if row is None or row.key != chunk.key:
                await self._objects.delete(self._bucket, chunk.key)


def prefix(capture: Capture) -> str:
    """Return the prefix of the objects of a capture's chunks."""
    return f"{capture.transcription_id}/capture/"


def ended(capture: Capture) -> StateError:
    """Return the error of a request not served by a capture in this state."""
    details = {"state": capture.state}
    if capture.result_id:
        details["transcription_id"] = str(capture.result_id)
    reason = {
        "finishing": "The capture is being finished.",
        "completed": "The capture is complete. Its transcription has everything that had arrived.",
        "rejected": "The capture has ended because no sound could be read.",
        "discarded": "The capture was discarded.",
    }[capture.state]
    return StateError(f"{reason} Create another one for more sound.", details)


def _receiving(capture: Capture | None) -> Capture:
    if capture is None:
        raise NotFoundError("There is no such capture.")
    if capture.state != "receiving":
        raise ended(capture)
    return capture


def _stored(capture: Capture, new: NewChunk) -> bytes:
    """Return the bytes of the object of a chunk."""
    return (
        new.data if capture.live is None else raw_sound.stored(capture.live, new.number, new.data)
    )


def _begins_stream(capture: Capture, new: NewChunk) -> bool:
    if capture.live is None:
        return new.starts_stream or new.number == 0
    return raw_sound.begins_stream(capture.live, new.number, claimed=new.starts_stream)


def _check_number(capture: Capture, number: int) -> None:
    if not 0 <= number < MOST_CHUNKS:
        raise ValidationError.of("number", f"number must be from 0 to {MOST_CHUNKS - 1}.")
    if number >= capture.next_chunk + MOST_AHEAD:
        raise ValidationError.of(
            "number", f"Send chunk {capture.next_chunk} first, which is missing."
        )


def _checked(new: NewChunk) -> bytes:
    """Return the digest of a chunk with the right size and checksum."""
    if not 1 <= len(new.data) <= MAX_CHUNK_BYTES:
        raise ValidationError.of(
            "data", f"A chunk must have from 1 byte to {sizes.compact(MAX_CHUNK_BYTES)}."
        )
    if new.announced and len(new.announced) != _SHA256_BYTES:
        raise ValidationError.of("sha256", "This is no sha256 checksum.")
    digest = hashlib.sha256(new.data).digest()
    if new.announced and not hmac.compare_digest(digest, new.announced):
        raise ChecksumError(
            "The received bytes do not have the announced checksum. Send them again.",
            {"algorithm": "sha256"},
        )
    return digest
