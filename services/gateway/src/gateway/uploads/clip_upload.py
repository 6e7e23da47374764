"""Uploads of short clips, which are passed on whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.errors import FileUploadError, ResourceExhaustedError, ValidationError
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent
from gateway.uploads.pieces import arriving
from gateway.uploads.sink import too_large
from gateway.uploads.upload import FILE_FIELD, Body, tidy

MAX_CLIP_BYTES = 16 * 1024 * 1024
# Each is held in memory, in a few copies, until it has been listened to.
_AT_ONCE = 4


class ClipUploads:
    """Receives clips: bounded, and a few at a time."""

    def __init__(self, *, idle_seconds: float, max_bytes: int = MAX_CLIP_BYTES) -> None:
        """`idle_seconds` is how long a client may send nothing."""
        self._idle_seconds = idle_seconds
        self._max_bytes = max_bytes
        self._under_way = 0

    @asynccontextmanager
    async def receiving(self, body: Body) -> AsyncIterator[bytes]:
        """The file that a form carries; other fields are passed over.

        Raises:
            ValidationError: the form is malformed, or has no file.
            FileUploadError: the file is empty, too large, or stopped coming.
            ResourceExhaustedError: others are sending clips.
        """
        if self._under_way >= _AT_ONCE:
            raise ResourceExhaustedError("Too many clips are being sent; try again soon.")
        self._under_way += 1
        try:
            yield await self._read(body)
        finally:
            self._under_way -= 1

    async def _read(self, body: Body) -> bytes:
        parser, clip = MultipartStream(body.content_type), _Clip(self._max_bytes)
        async for piece in arriving(body.pieces, self._idle_seconds):
            for event in parser.feed(piece):
                clip.take(event)
        parser.finish()
        return clip.whole()


class _Clip:
    """The one file of a form as it comes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._content: bytearray | None = None
        self._name = ""
        self._in_file = False

    def take(self, event: PartEvent) -> None:
        """Takes the next event of the form."""
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
        """The file, once the form has ended."""
        if self._content is None:
            raise ValidationError.of(FILE_FIELD, "The form has no file.")
        if not self._content:
            raise FileUploadError("The file is empty.", {"file_name": self._name})
        return bytes(self._content)

    def _begin(self, filename: str | None) -> None:
        if not filename:
            raise ValidationError.of(FILE_FIELD, "Send the clip as a file with its name.")
        if self._content is not None:
            raise ValidationError.of(FILE_FIELD, "Send one file at a time.")
        self._name, self._content = tidy(filename), bytearray()
