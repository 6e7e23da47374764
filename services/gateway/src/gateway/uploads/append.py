"""gRPC stream of the bytes of one append to the transcriber."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect

from common.byte_rates import ByteRates
from common.client_stream import ClientStream
from common.errors import ApplicationError, TimedOutError
from common.identity import Caller
from common.least_rate import LeastRate, with_least_rate
from common.upload_places import UploadPlaces
from gateway.backends import Backends
from gateway.uploads.body import UploadBody
from gateway.uploads.file_messages import FileMessages
from securetranscribe.v1 import upload_pb2

_STALL_SECONDS = 60.0
_CHECK_SECONDS = 180.0
# The transcriber keeps what has arrived there, so bytes of slow clients are passed on in time.
_HOLD_SECONDS = 1.0

_Request = upload_pb2.AppendUploadRequest
_Response = upload_pb2.AppendUploadResponse


class Appends:
    """Passes the bodies of requests on to the transcriber."""

    def __init__(
        self, backends: Backends, *, rate: LeastRate, places: UploadPlaces, rates: ByteRates
    ) -> None:
        self._backends = backends
        self._rate = rate
        self._places = places
        self._rates = rates

    async def append(
        self, owner: Caller, position: upload_pb2.AppendPosition, body: UploadBody
    ) -> upload_pb2.Upload:
        """Append the body of a request at a position. Return the upload.

        When the client disconnects or is too slow, what has arrived is kept.

        Raises:
            ResourceExhaustedError: too many uploads are in progress.
            ApplicationError: the transcriber refuses the bytes.
        """
        slow = TimedOutError(
            f"The upload stalled or was slower than {self._rate.text()}. Go on at its offset."
        )
        with self._places.place(owner.session_id, body.address):
            arriving = with_least_rate(body.pieces, self._rate, slow)
            paid = self._rates.charged(owner.session_id, body.address, arriving)
            call = self._backends.append(owner)
            passing = _Passing(ClientStream[_Request | bytes, _Response](call))
            try:
                return await passing.run(position, paid)
            except BaseException:
                passing.cancel()
                raise


class _Passing:
    """One append in progress. Writes wait for the transcriber, to bound memory use."""

    def __init__(self, stream: ClientStream[_Request | bytes, _Response]) -> None:
        self._stream = stream
        self._messages = FileMessages(_Request)
        self._sent = time.monotonic()

    async def run(
        self, position: upload_pb2.AppendPosition, pieces: AsyncIterator[bytes]
    ) -> upload_pb2.Upload:
        """Send everything and return the upload."""
        interruption: Exception | None = None
        wanted = await self._write(_Request(position=position))
        while wanted:
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                break
            except (ApplicationError, ClientDisconnect) as error:
                interruption = error
                break
            wanted = await self._pass_on(piece)
        if wanted and len(self._messages):
            await self._write(self._messages.take())
        try:
            upload = await self._answer()
        except ApplicationError:
            if interruption is None:
                raise
        if interruption is not None:
            raise interruption
        return upload

    def cancel(self) -> None:
        """Cancel the call unless it has ended."""
        self._stream.cancel()

    async def _pass_on(self, piece: bytes) -> bool:
        """Send full chunks. Return False when the transcriber has answered already."""
        self._messages.add(piece)
        late = time.monotonic() - self._sent > _HOLD_SECONDS
        while self._messages.full or (late and len(self._messages)):
            if not await self._write(self._messages.take()):
                return False
        return True

    async def _write(self, request: _Request | bytes) -> bool:
        try:
            async with asyncio.timeout(_STALL_SECONDS):
                written = await self._stream.write(request)
        except TimeoutError as error:
            raise TimedOutError("The upload stalled. Try again later.") from error
        self._sent = time.monotonic()
        return written

    async def _answer(self) -> upload_pb2.Upload:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return (await self._stream.answer()).upload
        except TimeoutError as error:
            raise TimedOutError("The file could not be checked in time.") from error
