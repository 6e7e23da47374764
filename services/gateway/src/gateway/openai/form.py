"""The form of an audio request, and the upload of its file as it arrives."""

from collections import defaultdict
from dataclasses import dataclass, replace

from common import filenames
from common.errors import ValidationError
from gateway.backends import Backends
from gateway.openai.known_speakers import KnownVoice, KnownVoices
from gateway.openai.parameters import AudioParameters, Task, check_model, read
from gateway.openai.visitors import Visitor
from gateway.uploads.body import FILE_FIELD, FORM_OVERHEAD, UploadBody
from gateway.uploads.multipart import PartBegun, PartData, PartEvent
from gateway.uploads.sink import UploadSink, too_large
from securetranscribe.v1 import transcription_pb2

#: Four voices of ten seconds as data URLs, and everything else.
MAX_FIELD_BYTES = 12 * 1024 * 1024
_MAX_FIELDS = 256


@dataclass(frozen=True, kw_only=True)
class ReceivedForm:
    """A complete form whose recording is stored. Clips of known speakers are gone by then."""

    parameters: AudioParameters
    known_voices: tuple[KnownVoice, ...]
    stored: transcription_pb2.UploadTranscriptionResponse


class AudioForm:
    """State of one form while it is received. Fields may come before and after the file."""

    def __init__(
        self,
        backends: Backends,
        visitor: Visitor,
        body: UploadBody,
        *,
        task: Task,
        max_bytes: int,
        known_voices: KnownVoices,
    ) -> None:
        self._backends = backends
        self._known_voices = known_voices
        self._visitor = visitor
        self._body = body
        self._task = task
        self._max_bytes = max_bytes
        self._fields: defaultdict[str, list[bytearray]] = defaultdict(list)
        self._current: bytearray | None = None
        self._name = ""
        self._parts = 0
        self._field_bytes = 0
        self._sink: UploadSink | None = None

    @property
    def size(self) -> int:
        """Bytes of the file and of fields received so far. Both have limits of their own."""
        return self._field_bytes + (0 if self._sink is None else self._sink.size)

    async def take(self, event: PartEvent) -> None:
        """Process the next event of the form."""
        match event:
            case PartBegun(name=name) if name == FILE_FIELD:
                await self._begin_file(event.filename)
            case PartBegun():
                self._begin_field(event.name)
            case PartData() if self._current is None:
                assert self._sink is not None
                await self._sink.write(event.data)
            case PartData():
                self._add(event.data)

    async def finish(self) -> ReceivedForm:
        """Complete the upload at the end of the form, and start its job.

        Raises:
            ModelNotFoundError: there is no such model.
            ValidationError: there is no file, or a field is invalid.
        """
        # Nothing may be stored if a field behind the file is invalid.
        parameters = self.parameters()
        if self._sink is None:
            raise ValidationError.of(FILE_FIELD, "The form has no file.")
        known_voices: tuple[KnownVoice, ...] = ()
        if parameters.response_format == "diarized_json":
            # No other format has speakers.
            known_voices = await self._known_voices.learn(
                parameters.known_speakers, self._visitor.session
            )
        stored = await self._sink.finish(
            transcription_pb2.UploadOptions(
                language=parameters.language,
                phrases=parameters.phrases,
                translate=parameters.task == "translate",
                voice_memory=None if self.keeps(parameters) else False,
            )
        )
        return ReceivedForm(
            parameters=replace(parameters, known_speakers=()),
            known_voices=known_voices,
            stored=stored,
        )

    def parameters(self) -> AudioParameters:
        """Return the parameters from the fields of the complete form."""
        return read(self._texts(), self._task)

    def keeps(self, parameters: AudioParameters) -> bool:
        """Return whether anything is kept after the answer."""
        return parameters.store and not self._visitor.guest

    def abort(self) -> None:
        """Cancel the upload."""
        if self._sink is not None:
            self._sink.abort()

    async def _begin_file(self, filename: str | None) -> None:
        if filename is None:
            raise ValidationError.of(FILE_FIELD, "Send the recording as a file with a filename.")
        if self._sink is not None:
            raise ValidationError.of(FILE_FIELD, "Send one file at a time.")
        filename = filenames.clean(filename or "audio")
        announced = self._body.announced_bytes
        if announced is not None and announced > self._max_bytes + MAX_FIELD_BYTES + FORM_OVERHEAD:
            raise too_large(filename, announced, self._max_bytes)
        # Other fields may depend on fields behind the file.
        check_model(self._texts(), self._task)
        self._current = None
        self._sink = UploadSink(
            self._backends,
            owner=self._visitor.session,
            max_bytes=self._max_bytes,
            config=transcription_pb2.UploadConfig(filename=filename, auto_start=True),
        )
        await self._sink.open()

    def _texts(self) -> dict[str, list[str]]:
        try:
            return {
                name: [value.decode() for value in values] for name, values in self._fields.items()
            }
        except UnicodeDecodeError as error:
            raise ValidationError.of("body", "A field is not UTF-8 text.") from error

    def _begin_field(self, name: str) -> None:
        self._parts += 1
        if self._parts > _MAX_FIELDS:
            raise ValidationError.of("body", f"At most {_MAX_FIELDS} fields are allowed.")
        self._current = bytearray()
        self._name = name.partition("[")[0] or "body"
        self._fields[name].append(self._current)

    def _add(self, data: bytes) -> None:
        self._field_bytes += len(data)
        if self._field_bytes > MAX_FIELD_BYTES:
            raise ValidationError.of(self._name, "The fields other than the file are too long.")
        assert self._current is not None
        self._current += data
