"""Endpoints that import existing transcripts."""

import asyncio
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from common import logging
from common.errors import ApplicationError
from gateway.api.import_models import FormatWord, ImportData, ImportedRecordingData
from gateway.api.parameters import Caller, Language, RequestId, TranscriptionId
from gateway.backends import Backends
from gateway.idempotency.request_state import note_content
from gateway.sessions.session import Session
from gateway.uploads.body import FILE_FIELD, UploadBody
from gateway.uploads.import_forms import (
    AUDIO_FIELD,
    TRANSCRIPT_FIELD,
    PairUploads,
    TranscriptFiles,
)
from gateway.uploads.import_repetition import ImportDigest, ImportRepetitions
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.preconditions import IfMatch, etag, matched_revision
from securetranscribe.v1 import imports_pb2, reprocessing_pb2, transcription_pb2

_TAG = "Transcript"
_PREFIX = "IMPORT_FORMAT_"
#: An import of a very long transcript takes seconds.
_IMPORT_SECONDS = 120.0
_FILE = {
    "type": "string",
    "format": "binary",
    "description": "Transcript, at most 16 MiB: SRT, WebVTT, JSON of WhisperX or of the OpenAI "
    "API, TextGrid, EAF, RTTM or CTM.",
}
_RECORDING = {"type": "string", "format": "binary", "description": "Recording."}
_log = logging.get(__name__)

_Format = Annotated[
    FormatWord, Query(description="Format of the transcript. `auto` finds it by the content.")
]
_Language = Annotated[
    Language, Query(description="Language of the text. Empty is that of the file or recording.")
]
_Align = Annotated[
    bool | None,
    Query(
        description="Whether words are looked for in the sound for their times. By default they "
        "are if the file has no times of words."
    ),
]
_Diarize = Annotated[
    bool,
    Query(
        description="Whether words belong to those who speak during them, as diarization found, "
        "whatever the file names."
    ),
]
_Process = Annotated[
    bool | None,
    Query(
        description="Whether the recording is processed as well, to compare both texts and to "
        "keep a copy to play. Defaults to `diarize`, which needs it."
    ),
]


class ImportApi:
    """Imports of transcripts."""

    def __init__(
        self,
        backends: Backends,
        files: TranscriptFiles,
        pairs: PairUploads,
        repetitions: ImportRepetitions,
    ) -> None:
        self._backends = backends
        self._files = files
        self._pairs = pairs
        self._repetitions = repetitions

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/import",
                handler=self.import_transcript,
                summary="Import a transcript of a recording",
                tag=_TAG,
                errors=(404, 409, 413),
                extra=_body({FILE_FIELD: _FILE}, alone=True),
                is_same=self._is_same,
            ),
            Endpoint(
                method="POST",
                path="/imports",
                handler=self.import_recording,
                summary="Upload a recording with its transcript",
                tag=_TAG,
                status=201,
                errors=(413,),
                extra=_body({AUDIO_FIELD: _RECORDING, TRANSCRIPT_FIELD: _FILE}, alone=False),
                is_same=self._is_same,
            ),
        ]

    async def import_transcript(
        self,
        transcription_id: TranscriptionId,
        request: Request,
        caller: Caller,
        response: Response,
        request_id: RequestId,
        *,
        format: _Format = "auto",  # noqa: A002 - its name in the API
        language: _Language = "",
        align: _Align = None,
        diarize: _Diarize = False,
        if_match: IfMatch = None,
    ) -> Success[ImportData]:
        """Put a transcript in the place of all words, or turns in the place of the speakers.

        The body is a form with a `file`, or the file itself. The import is a revision that can be
        taken back.
        """
        digest = ImportDigest()
        async with self._files.receiving(caller, UploadBody.of(request), digest) as content:
            answer = await self._import(
                caller,
                imports_pb2.ImportTranscriptRequest(
                    transcription_id=transcription_id,
                    content=content,
                    format=_number(format),
                    language=language,
                    align=align,
                    diarize=diarize,
                    revision=matched_revision(if_match, required=False),
                    request_id=request_id,
                ),
            )
        note_content(request, digest.content())
        response.headers["ETag"] = etag(answer.revision)
        data = ImportData(**_facts(transcription_id, answer))
        return Success[ImportData].of(data, "Transcript imported")

    async def import_recording(
        self,
        request: Request,
        caller: Caller,
        response: Response,
        request_id: RequestId,
        *,
        format: _Format = "auto",  # noqa: A002 - its name in the API
        language: _Language = "",
        align: _Align = None,
        diarize: _Diarize = False,
        process: _Process = None,
    ) -> Success[ImportedRecordingData]:
        """Store a recording with its transcript. Nothing is left of both if one is refused."""
        digest = ImportDigest() if request_id else None
        pair = await self._pairs.receive(
            caller, UploadBody.of(request), language, request_id=request_id, digest=digest
        )
        wanted = imports_pb2.ImportTranscriptRequest(
            transcription_id=pair.transcription_id,
            content=pair.transcript,
            format=_number(format),
            language=language,
            align=align,
            diarize=diarize,
            request_id=request_id,
        )
        try:
            answer = await self._import(caller, wanted)
            starts = diarize if process is None else process
            job_id = await self._process(caller, wanted) if starts else None
        except BaseException:
            await asyncio.shield(self._discard(caller, pair.transcription_id))
            raise
        if digest is not None:
            note_content(request, digest.content())
        response.headers["ETag"] = etag(answer.revision)
        data = ImportedRecordingData(**_facts(pair.transcription_id, answer), job_id=job_id)
        return Success[ImportedRecordingData].of(data, "Recording and transcript imported")

    async def _import(
        self, caller: Session, request: imports_pb2.ImportTranscriptRequest
    ) -> imports_pb2.ImportTranscriptResponse:
        method = self._backends.imports.ImportTranscript
        return await self._backends.ask(method, request, caller, seconds=_IMPORT_SECONDS)

    async def _is_same(self, request: Request, caller: Session, content: str) -> bool:
        return await self._repetitions.is_same(caller, UploadBody.of(request), content)

    async def _process(self, caller: Session, request: imports_pb2.ImportTranscriptRequest) -> str:
        answer = await self._backends.ask(
            self._backends.reprocessing.ReprocessTranscript,
            reprocessing_pb2.ReprocessTranscriptRequest(
                transcription_id=request.transcription_id, request_id=request.request_id
            ),
            caller,
        )
        return str(answer.job.job_id)

    async def _discard(self, caller: Session, transcription_id: int) -> None:
        """Delete a recording whose transcript was refused."""
        try:
            await self._backends.ask(
                self._backends.transcriptions.DeleteTranscription,
                transcription_pb2.DeleteTranscriptionRequest(transcription_id=transcription_id),
                caller,
            )
        except ApplicationError as error:
            _log.warning(
                "recording of a refused import left",
                transcription_id=transcription_id,
                reason=error.message,
            )


def _number(word: FormatWord) -> "imports_pb2.ImportFormat.ValueType":
    if word == "auto":
        return imports_pb2.IMPORT_FORMAT_UNSPECIFIED
    return imports_pb2.ImportFormat.Value(f"{_PREFIX}{word.upper()}")


def _word(number: "imports_pb2.ImportFormat.ValueType") -> str:
    if number == imports_pb2.IMPORT_FORMAT_UNSPECIFIED:
        return "auto"
    return imports_pb2.ImportFormat.Name(number).removeprefix(_PREFIX).lower()


def _facts(transcription_id: int, answer: imports_pb2.ImportTranscriptResponse) -> dict[str, Any]:
    return {
        "transcription_id": transcription_id,
        "revision": answer.revision,
        "format": _word(answer.format),
        "segments": answer.segment_count,
        "words": answer.word_count,
        "kept_words": answer.kept_word_count,
        "align": answer.aligns,
        "notes": list(answer.notes),
    }


def _body(files: dict[str, Any], *, alone: bool) -> dict[str, Any]:
    """Return the OpenAPI request body of a form with files, or also the file alone."""
    schema = {"type": "object", "required": list(files), "properties": files}
    content: dict[str, Any] = {"multipart/form-data": {"schema": schema}}
    if alone:
        content |= {
            kind: {"schema": _FILE}
            for kind in ("text/plain", "text/vtt", "application/json", "application/xml")
        }
    return {"requestBody": {"required": True, "content": content}}
