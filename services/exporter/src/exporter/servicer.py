"""ExportService: documents, summaries, and what can be written."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

from google.api import httpbody_pb2
from google.protobuf import any_pb2

from common import identity
from common.errors import ValidationError
from common.times import duration
from exporter.document import Document
from exporter.file_name import document_name
from exporter.formats.catalogue import FORMATS
from exporter.formats.format import Format
from exporter.options import ExportOptions, Option
from exporter.rendering import Rendering
from exporter.summary.model import Summary
from exporter.transcripts import Transcripts
from securetranscribe.v1 import export_pb2, export_pb2_grpc

Summarize = Callable[[Document], Awaitable[Summary]]

_FORMATS: dict[int, str] = {
    value: name.removeprefix("EXPORT_FORMAT_").lower()
    for name, value in export_pb2.ExportFormat.items()
    if value != export_pb2.EXPORT_FORMAT_UNSPECIFIED
}
_OPTIONS: dict[int, Option] = {
    value: Option(name.removeprefix("EXPORT_OPTION_").lower())
    for name, value in export_pb2.ExportOption.items()
    if value != export_pb2.EXPORT_OPTION_UNSPECIFIED
}


class ExportServicer(export_pb2_grpc.ExportServiceServicer):
    """Turns requests into documents."""

    def __init__(
        self, *, transcripts: Transcripts, rendering: Rendering, summarize: Summarize
    ) -> None:
        self._transcripts = transcripts
        self._rendering = rendering
        self._summarize = summarize

    async def ExportTranscription(  # noqa: N802 - named by the contract
        self, request: export_pb2.ExportTranscriptionRequest, context: Any
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        """Streams a document."""
        made = _format(request.format)
        options = ExportOptions.of(_options(request.options))
        document = await self._transcripts.read(
            identity.current(),
            request.transcription_id,
            words=made.uses_words or options.words,
        )
        if options.needs_summary:
            summary = await self._summarize(document)
            document = dataclasses.replace(document, summary=summary)
        head = _head(made, document)
        if _transcoded(context):
            # Envoy breaks off at a body with extensions; HTTP has a header for the name.
            name = quote(document_name(document.title, made.extension))
            header = ("content-disposition", f"attachment; filename*=UTF-8''{name}")
            await context.send_initial_metadata((header,))
            head.ClearField("extensions")
        async for chunk in self._rendering.chunks(made, document, options):
            head.data = chunk
            yield head
            head = httpbody_pb2.HttpBody(content_type=made.media_type)
        if head.extensions:
            yield head  # an empty document still has a name and a type

    async def SummarizeTranscription(  # noqa: N802
        self, request: export_pb2.SummarizeTranscriptionRequest, _context: Any
    ) -> export_pb2.SummarizeTranscriptionResponse:
        """Summarises a transcript."""
        document = await self._transcripts.read(
            identity.current(), request.transcription_id, words=False
        )
        summary = await self._summarize(document)
        return export_pb2.SummarizeTranscriptionResponse(
            statements=[
                export_pb2.SummaryStatement(
                    text=statement.attributed, segment_indexes=statement.segments
                )
                for statement in summary.statements
            ],
            action_items=[
                export_pb2.ActionItem(
                    text=item.text,
                    owner=item.owner,
                    due=item.due,
                    segment_index=item.segment,
                    start=duration(item.start),
                )
                for item in summary.action_items
            ],
            method=summary.method,
            coverage=summary.coverage,
        )

    async def ListExportFormats(  # noqa: N802
        self, _request: export_pb2.ListExportFormatsRequest, _context: Any
    ) -> export_pb2.ListExportFormatsResponse:
        """Lists the formats."""
        formats = export_pb2.ExportFormat
        options = export_pb2.ExportOption
        return export_pb2.ListExportFormatsResponse(
            formats=[
                export_pb2.ExportFormatInfo(
                    format=formats.Value(f"EXPORT_FORMAT_{name.upper()}"),
                    name=name,
                    content_type=made.media_type,
                    options=sorted(
                        options.Value(f"EXPORT_OPTION_{option.upper()}") for option in made.options
                    ),
                )
                for name, made in FORMATS.items()
            ]
        )


def _format(number: int) -> Format:
    name = _FORMATS.get(number)
    if name is None:
        raise ValidationError.of("format", f"Name a format; known are {', '.join(FORMATS)}.")
    return FORMATS[name]


def _options(numbers: Iterable[int]) -> list[Option]:
    try:
        return [_OPTIONS[number] for number in numbers]
    except KeyError as error:
        known = ", ".join(Option)
        raise ValidationError.of("options", f"Unknown option; known are {known}.") from error


def _transcoded(context: Any) -> bool:
    """Whether the call is Envoy's for a plain HTTP request."""
    return any(key == "x-envoy-original-path" for key, _ in context.invocation_metadata() or ())


def _head(made: Format, document: Document) -> httpbody_pb2.HttpBody:
    name = document_name(document.title, made.extension)
    packed = any_pb2.Any()
    packed.Pack(export_pb2.ExportMetadata(filename=name, content_type=made.media_type))
    return httpbody_pb2.HttpBody(content_type=made.media_type, extensions=[packed])
