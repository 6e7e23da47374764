"""Where the bytes of an upload go: a gRPC client stream to the transcriber."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from common.errors import FileTooLargeError, FileUploadError, TimedOutError
from common.grpc_client import unwrap
from gateway.api import formats
from gateway.backends import Backends
from securetranscribe.v1 import transcription_pb2

CHUNK_BYTES = 256 * 1024
_STALL_SECONDS = 60.0
_CHECK_SECONDS = 180.0

_Request = transcription_pb2.UploadTranscriptionRequest
_Response = transcription_pb2.UploadTranscriptionResponse


class UploadSink:
    """One upload under way. Writing waits while the transcriber is busy, so memory stays flat."""

    def __init__(
        self,
        backends: Backends,
        *,
        session_id: str,
        config: transcription_pb2.UploadConfig,
        max_bytes: int,
        announced_bytes: int = 0,
    ) -> None:
        """`announced_bytes` is the length that the whole request has said it has."""
        self._announced = announced_bytes
        self._config = config
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._requests: asyncio.Queue[_Request | None] = asyncio.Queue(maxsize=1)
        # grpc pulls from an iterator here. Its write() cannot be used: the tracing interceptor
        # lets nothing be written before the call has ended.
        self._call = backends.transcriptions.UploadTranscription(
            self._pulled(), metadata=backends.metadata(session_id)
        )
        self._answer = asyncio.create_task(unwrap(self._call), name="upload")
        self.size = 0

    async def open(self) -> None:
        """Describes the upload. Raises what the transcriber has against it."""
        await self._send(_Request(config=self._config))

    async def write(self, data: bytes) -> None:
        """Takes the next bytes of the file.

        Raises:
            FileTooLargeError: the file is larger than the limit.
            ApplicationError: what the transcriber has against the file.
        """
        self.size += len(data)
        if self.size > self._max_bytes:
            known = max(self.size, self._announced)
            raise too_large(self._config.filename, known, self._max_bytes)
        self._buffer += data
        for chunk in self._full_chunks():
            await self._send(_Request(chunk=chunk))

    async def finish(self) -> _Response:
        """Ends the stream and waits for what the transcriber makes of the file.

        Raises:
            FileUploadError: the file is empty.
            ApplicationError: what the transcriber has against the file.
        """
        if not self.size:
            raise FileUploadError("The file is empty.", {"file_name": self._config.filename})
        if self._buffer:
            await self._send(_Request(chunk=bytes(self._buffer)))
        await self._send(None)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return await self._answer
        except TimeoutError as error:
            raise TimedOutError("The file could not be checked in time.") from error

    async def abort(self) -> None:
        """Gives the upload up; the transcriber forgets it. Fine when it has ended."""
        self._call.cancel()
        self._answer.cancel()
        await asyncio.wait([self._answer])
        if not self._answer.cancelled():
            self._answer.exception()  # it has been raised already, or does not matter any more

    def _full_chunks(self) -> Iterator[bytes]:
        while len(self._buffer) >= CHUNK_BYTES:
            yield bytes(self._buffer[:CHUNK_BYTES])
            del self._buffer[:CHUNK_BYTES]

    async def _pulled(self) -> AsyncIterator[_Request]:
        while (request := await self._requests.get()) is not None:
            yield request

    async def _send(self, request: _Request | None) -> None:
        """Hands a request to grpc, or learns that the transcriber has answered before the end."""
        putting = asyncio.create_task(self._requests.put(request), name="upload chunk")
        try:
            await asyncio.wait(
                [putting, self._answer],
                timeout=_STALL_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            putting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await putting
        if self._answer.done() and request is not None:
            self._answer.result()
            raise FileUploadError("The upload ended before the file did.")
        if putting.cancelled():
            raise TimedOutError("The upload stalled; try again soon.")


def too_large(filename: str, size: int, limit: int) -> FileTooLargeError:
    """The documented refusal of a file over the limit; `size` is what is known of it."""
    return FileTooLargeError(
        "File too large",
        {
            "max_size": formats.compact_size(limit),
            "provided_size": formats.compact_size(size),
            "file_name": filename,
        },
    )
