"""Body of a request with one chunk, read into memory within limits."""

from common import sizes
from common.byte_rates import ByteRates
from common.errors import TimedOutError, ValidationError
from common.identity import Owner
from common.least_rate import LeastRate, with_least_rate
from common.limits import MAX_CHUNK_BYTES
from common.upload_places import UploadPlaces
from gateway.uploads.body import UploadBody


class ChunkBodies:
    """Reads the bodies of chunks. They have places of their own besides those of uploads.

    So a recording in progress is never held up by the same user's uploads.
    """

    def __init__(self, *, rate: LeastRate, places: UploadPlaces, rates: ByteRates) -> None:
        self._rate = rate
        self._places = places
        self._rates = rates

    async def read(self, owner: Owner, body: UploadBody) -> bytes:
        """Return the whole body of a request.

        Raises:
            ValidationError: it is too large.
            ResourceExhaustedError: too many chunks arrive at once.
            RateLimitedError: the session or the address sends too much.
            TimedOutError: it arrives too slowly.
        """
        if (body.announced_bytes or 0) > MAX_CHUNK_BYTES:
            raise _too_large()
        slow = TimedOutError(
            f"The chunk stalled or was slower than {self._rate.text()}. Send it again."
        )
        with self._places.place(owner.session_id, body.address):
            arriving = with_least_rate(body.pieces, self._rate, slow)
            data = bytearray()
            async for piece in self._rates.charged(owner.session_id, body.address, arriving):
                data += piece
                if len(data) > MAX_CHUNK_BYTES:
                    raise _too_large()
        return bytes(data)


def _too_large() -> ValidationError:
    return ValidationError.of(
        "body", f"A chunk must have at most {sizes.compact(MAX_CHUNK_BYTES)}. Send smaller ones."
    )
