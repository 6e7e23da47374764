"""Upload of a recording, from the request body to the stored and possibly started recording."""

from dataclasses import dataclass, replace

from common import filenames, telemetry
from common.errors import ValidationError
from common.least_rate import LeastRate
from common.upload_places import UploadPlaces
from gateway.backends import Backends
from gateway.processing_options import UploadOptions
from gateway.sessions.session import Session
from gateway.uploads.body import FILE_FIELD, FORM_OVERHEAD, FormBudget, UploadBody
from gateway.uploads.form import UploadForm
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent
from gateway.uploads.repetition import content_of
from gateway.uploads.sink import UploadSink, too_large
from securetranscribe.v1 import transcription_pb2


@dataclass(frozen=True, kw_only=True)
class UploadedRecording:
    """A stored recording. `job_id` is empty if processing was not started.

    `content` identifies the fields and the file (see `uploads.repetition`).
    """

    transcription: transcription_pb2.Transcription
    language: str
    job_id: str
    content: str


class RecordingUploads:
    """Receives recordings and passes them to the transcriber."""

    def __init__(
        self,
        backends: Backends,
        *,
        max_bytes: int,
        rate: LeastRate,
        places: UploadPlaces,
    ) -> None:
        self._backends = backends
        self._max_bytes = max_bytes
        self._rate = rate
        self._places = places

    async def receive(
        self, session: Session, body: UploadBody, *, request_id: str = ""
    ) -> UploadedRecording:
        """Store the recording in a form, and start processing it if requested.

        A repeated `request_id` returns the first recording.

        Raises:
            ValidationError: the form is malformed or has no file.
            FileUploadError: the file is empty, too large, or not audio.
            ResourceExhaustedError: too many uploads are in progress.
            ApplicationError: the transcriber rejects the upload for another reason.
        """
        with self._places.place(session.session_id, body.address):
            return await self._receive(session, body, request_id)

    async def _receive(
        self, session: Session, body: UploadBody, request_id: str
    ) -> UploadedRecording:
        reception = _Reception(self._backends, session, body, self._max_bytes, request_id)
        parser, budget = MultipartStream(body.content_type), FormBudget()
        try:
            async for piece in body.arriving(self._rate):
                for event in parser.feed(piece):
                    await reception.take(event)
                budget.note(piece, file_bytes=reception.size)
            parser.finish()
            stored = await reception.finish()
        except BaseException:
            reception.abort()
            raise
        telemetry.UPLOADED_BYTES.inc(reception.size)
        return UploadedRecording(
            transcription=stored.transcription,
            language=reception.form.options().language,
            job_id=stored.job.job_id,
            content=content_of(
                stored.transcription.transcription_id,
                reception.filename,
                reception.form.options(),
            ),
        )


class _Reception:
    """State of one form while it is received."""

    def __init__(
        self,
        backends: Backends,
        session: Session,
        body: UploadBody,
        max_bytes: int,
        request_id: str,
    ) -> None:
        self._backends = backends
        self._session = session
        self._body = body
        self._max_bytes = max_bytes
        self._request_id = request_id
        self._sink: UploadSink | None = None
        self._in_file = False
        self.filename = ""
        self._described = UploadOptions(language="", auto_start=False)
        self.form = UploadForm(session.preferences)

    @property
    def size(self) -> int:
        """Bytes of the file received so far."""
        return 0 if self._sink is None else self._sink.size

    async def take(self, event: PartEvent) -> None:
        """Process the next event of the form."""
        match event:
            case PartBegun(name=name) if name == FILE_FIELD:
                await self._begin_file(event.filename)
            case PartBegun():
                self._in_file = False
                self.form.begin(event.name)
            case PartData() if self._in_file:
                assert self._sink is not None
                await self._sink.write(event.data)
            case PartData():
                self.form.add(event.data)

    async def finish(self) -> transcription_pb2.UploadTranscriptionResponse:
        """Complete the upload at the end of the form."""
        if self._sink is None:
            raise ValidationError.of(FILE_FIELD, "The form has no file.")
        # Nothing may be stored if a field after the file is invalid.
        options = self.form.options()
        if options == self._described:
            return await self._sink.finish()
        return await self._sink.finish(options.late())

    def abort(self) -> None:
        """Cancel the upload."""
        if self._sink is not None:
            self._sink.abort()

    async def _begin_file(self, filename: str | None) -> None:
        if not filename:
            raise ValidationError.of(FILE_FIELD, "Send the recording as a file with a filename.")
        if self._sink is not None:
            raise ValidationError.of(FILE_FIELD, "Send one file at a time.")
        filename = self.filename = filenames.clean(filename)
        announced = self._body.announced_bytes
        if announced is not None and announced > self._max_bytes + FORM_OVERHEAD:
            raise too_large(filename, announced, self._max_bytes)
        options = self.form.options()
        # A later field may still prevent the start, for which a place in the queue would be taken.
        start = self.form.has("auto_start") and options.auto_start
        self._described = replace(options, auto_start=start)
        self._sink = UploadSink(
            self._backends,
            owner=self._session,
            max_bytes=self._max_bytes,
            announced_bytes=announced or 0,
            config=self._described.config(filename, request_id=self._request_id),
        )
        self._in_file = True
        await self._sink.open()
