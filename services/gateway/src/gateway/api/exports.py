"""The export endpoint: a document instead of JSON."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query
from google.api import httpbody_pb2
from pydantic import BeforeValidator
from starlette.responses import Response, StreamingResponse

from common.errors import ExportError, UnimplementedError, ValidationError
from gateway.api.parameters import Body, Caller, EmptyIsNone, TranscriptionId
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from securetranscribe.v1 import export_pb2

FormatWord = Literal["pdf", "csv", "txt", "json", "srt", "vtt", "docx", "md", "rttm", "zip"]
OptionWord = Literal[
    "meeting_summary", "action_items", "speaker_stats", "timestamps", "confidence", "words"
]
_MEDIA_TYPES = (
    "application/json",
    "application/octet-stream",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-subrip",
    "application/zip",
    "text/csv",
    "text/markdown",
    "text/plain",
    "text/vtt",
)


def _separated(value: Any) -> Any:
    """Takes `a,b` for `a` and `b`; some clients write arrays so."""
    if not isinstance(value, list):
        return value
    return [
        word
        for part in value
        for word in (part.split(",") if isinstance(part, str) else [part])
        if word != ""
    ]


Options = Annotated[list[OptionWord], BeforeValidator(_separated)]


class ExportBody(Body):
    """What is to be exported, where the query does not say it."""

    export_format: FormatWord | None = None
    include_options: list[OptionWord] | None = None


class ExportApi:
    """Streams documents from the exporter."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def endpoints(self) -> list[Endpoint]:
        """The endpoint of this part."""
        binary = {"schema": {"type": "string", "format": "binary"}}
        return [
            Endpoint(
                method="POST",
                path="/transcription/export/{transcription_id}",
                handler=self.export_transcription,
                summary="Export transcription",
                tag="Transcription",
                errors=(404, 409),
                response_class=Response,
                responses={
                    200: {
                        "description": "The document.",
                        "content": dict.fromkeys(_MEDIA_TYPES, binary),
                    }
                },
            )
        ]

    async def export_transcription(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        export_format: Annotated[FormatWord | None, EmptyIsNone, Query()] = None,
        include_options: Annotated[Options | None, Query()] = None,
        body: ExportBody | None = None,
    ) -> Response:
        """Returns a finished transcript as a document. The query wins over the body."""
        body = body or ExportBody()
        word = export_format or body.export_format
        options = include_options if include_options is not None else body.include_options
        if word is None:
            raise ValidationError.of("export_format", "Say which format to export to.")
        request = export_pb2.ExportTranscriptionRequest(
            transcription_id=transcription_id,
            format=export_pb2.ExportFormat.Value(f"EXPORT_FORMAT_{word.upper()}"),
            options=[
                export_pb2.ExportOption.Value(f"EXPORT_OPTION_{option.upper()}")
                for option in options or ()
            ],
        )
        pieces = self._backends.read(
            self._backends.exports.ExportTranscription, request, caller.session_id
        )
        first = await _first(pieces)
        return StreamingResponse(
            _bytes(first, pieces),
            media_type=first.content_type or "application/octet-stream",
            headers={"Content-Disposition": _disposition(first, transcription_id, word)},
        )


async def _first(pieces: AsyncIterator[httpbody_pb2.HttpBody]) -> httpbody_pb2.HttpBody:
    """The first piece, so that an error comes before the answer has begun."""
    try:
        return await anext(pieces)
    except StopAsyncIteration:
        raise ExportError("The document is empty.") from None
    except UnimplementedError:
        raise ValidationError.of(
            "export_format", "This deployment cannot write that format."
        ) from None


async def _bytes(
    first: httpbody_pb2.HttpBody, pieces: AsyncIterator[httpbody_pb2.HttpBody]
) -> AsyncIterator[bytes]:
    yield first.data
    async for piece in pieces:
        yield piece.data


def _disposition(first: httpbody_pb2.HttpBody, transcription_id: int, word: str) -> str:
    name = f"transcription-{transcription_id}.{word}"
    for packed in first.extensions:
        metadata = export_pb2.ExportMetadata()
        if packed.Unpack(metadata) and metadata.filename:
            name = metadata.filename
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_"
        for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
