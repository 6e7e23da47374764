"""Transcripts to import: alone, as a form or a bare body, or in a form with their recording."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common import filenames, telemetry
from common.errors import FileUploadError, ValidationError
from common.least_rate import LeastRate
from common.upload_places import PlaceLimits, UploadPlaces
from gateway.backends import Backends
from gateway.sessions.session import Session
from gateway.uploads.body import FILE_FIELD, FORM_OVERHEAD, FormBudget, UploadBody
from gateway.uploads.import_repetition import ImportDigest
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent
from gateway.uploads.sink import UploadSink, too_large
from securetranscribe.v1 import transcription_pb2

#: Fields of a form with a recording and its transcript.
AUDIO_FIELD, TRANSCRIPT_FIELD = "audio", "transcript"
#: Largest transcript.
MOST_BYTES = 16 * 1024 * 1024
# Each is held in memory until it is imported.
_AT_ONCE = PlaceLimits(total=8, per_session=2, per_address=4)
_FORM = "multipart/form-data"


class TranscriptFiles:
    """Receives transcripts with bounded size and concurrency."""

    def __init__(self, *, rate: LeastRate) -> None:
        self._rate = rate
        self._places = UploadPlaces(_AT_ONCE)

    @asynccontextmanager
    async def receiving(
        self, session: Session, body: UploadBody, digest: ImportDigest
    ) -> AsyncIterator[bytes]:
        """Read the file of a form, or a body that is the file. It is compressed.

        The body is added to the digest.

        Raises:
            ValidationError: the form is malformed, has no file, or has another field.
            FileUploadError: the file is empty or too large, or the upload stalled.
            ResourceExhaustedError: too many transcripts are being imported.
        """
        with self._places.place(session.session_id, body.address):
            file = _HeldFile(FILE_FIELD)
            if body.content_type.lower().startswith(_FORM):
                await self._read_form(body, file, digest)
            else:
                file.begin("transcript")
                async for piece in body.arriving(self._rate):
                    file.add(piece)
                    digest.add(piece)
            yield file.packed()

    async def _read_form(self, body: UploadBody, file: "_HeldFile", digest: ImportDigest) -> None:
        parser, budget = MultipartStream(body.content_type), FormBudget()
        async for piece in body.arriving(self._rate):
            for event in parser.feed(piece):
                digest.take(event)
                match event:
                    case PartBegun(name=name) if name != FILE_FIELD:
                        raise _unknown(name, FILE_FIELD)
                    case PartBegun():
                        file.begin(event.filename)
                    case PartData():
                        file.add(event.data)
            budget.note(piece, file_bytes=file.size)
        parser.finish()


@dataclass(frozen=True, kw_only=True)
class UploadedPair:
    """A stored recording, and the transcript that came with it, compressed."""

    transcription_id: int
    transcript: bytes


class PairUploads:
    """Receives recordings together with their transcripts."""

    def __init__(
        self, backends: Backends, *, max_bytes: int, rate: LeastRate, places: UploadPlaces
    ) -> None:
        """`max_bytes` limits recordings, and `places` are shared with other uploads."""
        self._backends = backends
        self._max_bytes = max_bytes
        self._rate = rate
        self._places = places
        self._held = UploadPlaces(_AT_ONCE)

    async def receive(
        self,
        session: Session,
        body: UploadBody,
        language: str,
        *,
        request_id: str,
        digest: ImportDigest | None,
    ) -> UploadedPair:
        """Store the recording of a form, and return it with the transcript.

        A repeated `request_id` returns the first recording. The body is added to the digest.

        Raises:
            ValidationError: the form is malformed, or one of the files is missing.
            FileUploadError: a file is empty or too large, or the recording is not audio.
            ResourceExhaustedError: too many uploads are in progress.
            ApplicationError: the transcriber rejects the recording for another reason.
        """
        with (
            self._places.place(session.session_id, body.address),
            self._held.place(session.session_id, body.address),
        ):
            config = transcription_pb2.UploadConfig(
                language=language, auto_start=False, request_id=request_id
            )
            reception = _Reception(self._backends, session, body, self._max_bytes, config)
            parser, budget = MultipartStream(body.content_type), FormBudget()
            try:
                async for piece in body.arriving(self._rate):
                    for event in parser.feed(piece):
                        if digest is not None:
                            digest.take(event)
                        await reception.take(event)
                    budget.note(piece, file_bytes=reception.size)
                parser.finish()
                return await reception.finish()
            except BaseException:
                reception.abort()
                raise


class _HeldFile:
    """A transcript in memory while it is received."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._content: bytearray | None = None
        self._name = ""

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return len(self._content or b"")

    def begin(self, filename: str | None) -> None:
        """Begin the file. A form may have it as text too, without a file name."""
        if self._content is not None:
            raise ValidationError.of(self._field, "Send one transcript at a time.")
        self._name, self._content = filenames.clean(filename or "transcript"), bytearray()

    def add(self, data: bytes) -> None:
        """Append data."""
        assert self._content is not None
        self._content += data
        if len(self._content) > MOST_BYTES:
            raise too_large(self._name, len(self._content), MOST_BYTES)

    def packed(self) -> bytes:
        """Return the file, compressed so that it fits into a message."""
        if self._content is None:
            raise ValidationError.of(self._field, f"The form has no file {self._field}.")
        if not self._content:
            raise FileUploadError("The transcript is empty.", {"file_name": self._name})
        return gzip.compress(self._content, compresslevel=1, mtime=0)


class _Reception:
    """State of a form with a recording and its transcript."""

    def __init__(
        self,
        backends: Backends,
        session: Session,
        body: UploadBody,
        max_bytes: int,
        config: transcription_pb2.UploadConfig,
    ) -> None:
        """`config` describes the recording except for its filename."""
        self._backends = backends
        self._session = session
        self._body = body
        self._max_bytes = max_bytes
        self._config = config
        self._sink: UploadSink | None = None
        self._transcript = _HeldFile(TRANSCRIPT_FIELD)
        self._in_audio = False

    @property
    def size(self) -> int:
        """Bytes of both files received so far."""
        return self._transcript.size + (0 if self._sink is None else self._sink.size)

    async def take(self, event: PartEvent) -> None:
        """Process the next event of the form."""
        match event:
            case PartBegun(name="audio"):
                await self._begin_audio(event.filename)
            case PartBegun(name="transcript"):
                self._in_audio = False
                self._transcript.begin(event.filename)
            case PartBegun():
                raise _unknown(event.name, AUDIO_FIELD, TRANSCRIPT_FIELD)
            case PartData() if self._in_audio:
                assert self._sink is not None
                await self._sink.write(event.data)
            case PartData():
                self._transcript.add(event.data)

    async def finish(self) -> UploadedPair:
        """Store the recording at the end of the form."""
        if self._sink is None:
            raise ValidationError.of(AUDIO_FIELD, "The form has no file audio.")
        transcript = self._transcript.packed()
        stored = await self._sink.finish()
        telemetry.UPLOADED_BYTES.inc(self._sink.size)
        return UploadedPair(
            transcription_id=stored.transcription.transcription_id, transcript=transcript
        )

    def abort(self) -> None:
        """Cancel the upload."""
        if self._sink is not None:
            self._sink.abort()

    async def _begin_audio(self, filename: str | None) -> None:
        if not filename:
            raise ValidationError.of(AUDIO_FIELD, "Send the recording as a file with a filename.")
        if self._sink is not None:
            raise ValidationError.of(AUDIO_FIELD, "Send one recording at a time.")
        filename = filenames.clean(filename)
        announced = self._body.announced_bytes
        if announced is not None and announced > self._max_bytes + MOST_BYTES + FORM_OVERHEAD:
            raise too_large(filename, announced, self._max_bytes)
        self._config.filename = filename
        self._sink = UploadSink(
            self._backends,
            owner=self._session,
            max_bytes=self._max_bytes,
            config=self._config,
        )
        self._in_audio = True
        await self._sink.open()


def _unknown(name: str, *known: str) -> ValidationError:
    return ValidationError.of(
        name[:100], f"There is no field {name[:100]}. Send the files as {' and '.join(known)}."
    )
