"""Uploads of short voice clips, held in memory and sent in one message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common import filenames
from common.errors import FileUploadError, ResourceExhaustedError, ValidationError
from common.limits import MAX_CLIP_BYTES
from gateway.uploads.body import FILE_FIELD, UploadBody
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent
from gateway.uploads.sink import too_large

# Each clip is held in memory, in several copies, until its enrollment completes.
_AT_ONCE = 4


class ClipUploads:
    """Receives clips with bounded size and concurrency."""

    def __init__(self, *, idle_seconds: float, max_bytes: int = MAX_CLIP_BYTES) -> None:
        """Initialize the receiver. Uploads fail after `idle_seconds` without data."""
        self._idle_seconds = idle_seconds
        self._max_bytes = max_bytes
        self._under_way = 0

    @asynccontextmanager
    async def receiving(self, body: UploadBody) -> AsyncIterator[bytes]:
        """Read the file of a form. Other fields are ignored.

        Raises:
            ValidationError: the form is malformed or has no file.
            FileUploadError: the file is empty or too large, or the upload stalled.
            ResourceExhaustedError: too many clips are being uploaded.
        """
        if self._under_way >= _AT_ONCE:
            raise ResourceExhaustedError("Too many clips are being uploaded. Try again later.")
        self._under_way += 1
        try:
            yield await self._read(body)
        finally:
            self._under_way -= 1

    async def _read(self, body: UploadBody) -> bytes:
        parser, clip = MultipartStream(body.content_type), _Clip(self._max_bytes)
        async for piece in body.arriving(self._idle_seconds):
            for event in parser.feed(piece):
                clip.take(event)
        parser.finish()
        return clip.whole()


class _Clip:
    """The single file of a form while it is received."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._content: bytearray | None = None
        self._name = ""
        self._in_file = False

    def take(self, event: PartEvent) -> None:
        """Process the next event of the form."""
        match event:
            case PartBegun():
                self._in_file = event.name == FILE_FIELD
                if self._in_file:
                    self._begin(event.filename)
            case PartData() if self._in_file:
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
