"""Comparison of a repeated upload with the first one, without storing it again."""

import hashlib

from common import filenames
from common.errors import NotFoundError, ValidationError
from common.least_rate import LeastRate
from common.upload_places import UploadPlaces
from gateway.backends import Backends
from gateway.processing_options import UploadOptions
from gateway.sessions.session import Session
from gateway.uploads.body import FILE_FIELD, FormBudget, UploadBody
from gateway.uploads.form import UploadForm
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent
from securetranscribe.v1 import transcription_pb2, upload_pb2

#: The service lists no more transcriptions of one file.
_MOST_DUPLICATES = 100


def content_of(transcription_id: int, filename: str, options: UploadOptions) -> str:
    """Return the content of an upload, for `UploadRepetitions`."""
    described = hashlib.sha256(f"{filename}\n{options}".encode()).hexdigest()
    return f"{transcription_id} {described}"


class UploadRepetitions:
    """Tells repeated uploads from others with the same idempotency key."""

    def __init__(
        self, backends: Backends, *, max_bytes: int, rate: LeastRate, places: UploadPlaces
    ) -> None:
        """`max_bytes` is the limit of first uploads."""
        self._backends = backends
        self._max_bytes = max_bytes
        self._rate = rate
        self._places = places

    async def is_same(self, session: Session, body: UploadBody, content: str) -> bool:
        """Read an upload, and return whether it is the one that made `content`.

        The file is compared by its digest with the stored recording, unless that is gone. One over
        the limit is another, and is not read to its end.

        Raises:
            ValidationError: the form is malformed.
            ResourceExhaustedError: too many uploads are in progress.
            ApplicationError: the transcriber does not answer.
        """
        transcription_id = int(content.partition(" ")[0])
        with self._places.place(session.session_id, body.address):
            read = _Read(session)
            parser, budget = MultipartStream(body.content_type), FormBudget()
            async for piece in body.arriving(self._rate):
                for event in parser.feed(piece):
                    read.take(event)
                budget.note(piece, file_bytes=read.size)
                if read.size > self._max_bytes:
                    return False
            parser.finish()
        if content_of(transcription_id, read.filename, read.form.options()) != content:
            return False
        return await self._is_recording(session, transcription_id, read.digest.hexdigest())

    async def _is_recording(self, session: Session, transcription_id: int, sha256: str) -> bool:
        answer = await self._backends.ask(
            self._backends.resumable.ListDuplicates,
            upload_pb2.ListDuplicatesRequest(sha256=sha256),
            session,
        )
        found = answer.transcription_ids
        if transcription_id in found or len(found) >= _MOST_DUPLICATES:
            return True
        try:
            await self._backends.ask(
                self._backends.transcriptions.GetTranscription,
                transcription_pb2.GetTranscriptionRequest(transcription_id=transcription_id),
                session,
            )
        except NotFoundError:
            return True
        return False


class _Read:
    """The form of a repeated upload while it is read."""

    def __init__(self, session: Session) -> None:
        self.form = UploadForm(session.preferences)
        self.digest = hashlib.sha256()
        self.filename = ""
        self.size = 0
        self._in_file = False

    def take(self, event: PartEvent) -> None:
        """Process the next event of the form."""
        match event:
            case PartBegun(name=name):
                self._in_file = name == FILE_FIELD
                if not self._in_file:
                    self.form.begin(name)
                elif self.filename or not event.filename:
                    raise ValidationError.of(FILE_FIELD, "Send one file with a filename.")
                else:
                    self.filename = filenames.clean(event.filename)
            case PartData() if self._in_file:
                self.size += len(event.data)
                self.digest.update(event.data)
            case PartData():
                self.form.add(event.data)
