"""Uploads of short voice clips, held in memory and sent in one message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common import filenames
from common.errors import FileUploadError, ValidationError
from common.least_rate import LeastRate
from common.limits import MAX_CLIP_BYTES
from common.upload_places import PlaceLimits, UploadPlaces
from gateway.sessions.session import Session
from gateway.uploads.body import FILE_FIELD, FormBudget, UploadBody
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent
from gateway.uploads.sink import too_large
from gateway.web.unknown_names import unknown_name

# Each clip is held in memory, in several copies, until its enrollment completes.
_AT_ONCE = PlaceLimits(total=12, per_session=4, per_address=8)


class ClipUploads:
    """Receives clips with bounded size and concurrency."""

    def __init__(self, *, rate: LeastRate, max_bytes: int = MAX_CLIP_BYTES) -> None:
        self._rate = rate
        self._max_bytes = max_bytes
        self._places = UploadPlaces(_AT_ONCE)

    @asynccontextmanager
    async def receiving(self, session: Session, body: UploadBody) -> AsyncIterator[bytes]:
        """Read the file of a form.

        Raises:
            ValidationError: the form is malformed, has no file, or has another field.
            FileUploadError: the file is empty or too large, or the upload stalled.
            ResourceExhaustedError: too many clips are being uploaded.
        """
        with self._places.place(session.session_id, body.address):
            yield await self._read(body)

    async def _read(self, body: UploadBody) -> bytes:
        parser, clip = MultipartStream(body.content_type), _Clip(self._max_bytes)
        budget = FormBudget()
        async for piece in body.arriving(self._rate):
            for event in parser.feed(piece):
                clip.take(event)
            budget.note(piece, file_bytes=clip.size)
        parser.finish()
        return clip.whole()


class _Clip:
    """The single file of a form while it is received."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._content: bytearray | None = None
        self._name = ""

    @property
    def size(self) -> int:
        """Bytes of the file received so far."""
        return len(self._content or b"")

    def take(self, event: PartEvent) -> None:
        """Process the next event of the form."""
        match event:
            case PartBegun():
                if event.name != FILE_FIELD:
                    raise unknown_name(event.name, (FILE_FIELD,), kind="field")
                self._begin(event.filename)
            case PartData():
                assert self._content is not None
                self._content += event.data
                if len(self._content) > self._max_bytes:
                    raise too_large(self._name, len(self._content), self._max_bytes)

    def whole(self) -> bytes:
        """Return the file after the end of the form."""
        if self._content is None:
            raise ValidationError.of(FILE_FIELD, "The form has no file.")
        if not self._content:
            raise FileUploadError("The file is empty.", {"file_name": self._name})
        return bytes(self._content)

    def _begin(self, filename: str | None) -> None:
        if not filename:
            raise ValidationError.of(FILE_FIELD, "Send the clip as a file with a filename.")
        if self._content is not None:
            raise ValidationError.of(FILE_FIELD, "Send one file at a time.")
        self._name, self._content = filenames.clean(filename), bytearray()
