"""ExportService: documents, summaries and the list of formats."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

from google.api import httpbody_pb2
from google.protobuf import any_pb2

from common import identity
from common.errors import ValidationError
from common.export_formats import CONTENT_TYPES, FORMAT_VALUES, OPTION_VALUES
from exporter import versions
from exporter.diarizer_turns import TurnClient
from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.formats.format import Format
from exporter.options import ExportOptions, Option
from exporter.render_pool import RenderPool
from exporter.revisions import RevisionClient
from exporter.summary.answer import answer_of
from exporter.summary.model import Summary
from exporter.templates.rendering import with_template
from exporter.transcripts import TranscriptClient, Version
from securetranscribe.v1 import export_pb2, export_pb2_grpc

Summarize = Callable[[Document], Awaitable[Summary]]

_FORMATS: dict[int, Format] = {value: FORMATS[name] for name, value in FORMAT_VALUES.items()}
_OPTIONS: dict[int, Option] = {value: Option(name) for name, value in OPTION_VALUES.items()}


class ExportServicer(export_pb2_grpc.ExportServiceServicer):
    """Protobuf interface of the exporter."""

    def __init__(
        self,
        *,
        transcripts: TranscriptClient,
        revisions: RevisionClient,
        turns: TurnClient,
        render_pool: RenderPool,
        template_pool: RenderPool,
        summarize: Summarize,
    ) -> None:
        """`template_pool` renders documents with a template, which must not delay others."""
        self._transcripts = transcripts
        self._revisions = revisions
        self._turns = turns
        self._render_pool = render_pool
        self._template_pool = template_pool
        self._summarize = summarize

    async def ExportTranscription(
        self, request: export_pb2.ExportTranscriptionRequest, context: Any
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        """Stream a document."""
        target = _target(request)
        options = ExportOptions.of(_options(request.options))
        version = versions.requested(request, target)
        document = await self._transcripts.read(
            identity.current(),
            request.transcription_id,
            words=target.uses_words or options.words,
            version=version,
        )
        if request.changes == export_pb2.EXPORT_CHANGES_TRACKED:
            document = await self._with_changes(document, versions.since(request))
        if request.turns == export_pb2.EXPORT_TURNS_DIARIZER:
            turns = await self._turns.turns(identity.current(), request.transcription_id)
            document = dataclasses.replace(document, turns=turns)
        if options.needs_summary:
            summary = await self._summarize(document)
            document = dataclasses.replace(document, summary=summary)
        head = _head(target, document)
        if _is_transcoded(context):
            # Envoy aborts on a body with extensions. Over HTTP, a header carries the name.
            name = quote(document.file_name(target.extension))
            header = ("content-disposition", f"attachment; filename*=UTF-8''{name}")
            await context.send_initial_metadata((header,))
            head.ClearField("extensions")
        pool = self._template_pool if request.template else self._render_pool
        async for chunk in pool.chunks(target, document, options):
            head.data = chunk
            yield head
            head = httpbody_pb2.HttpBody(content_type=CONTENT_TYPES[target.name])
        if head.extensions:
            yield head  # an empty document still has a name and a type

    async def _with_changes(self, document: Document, since: Version) -> Document:
        """Add the changes since an earlier version."""
        caller = identity.current()
        earlier = await self._transcripts.read(
            caller, document.transcription_id, words=False, version=since
        )
        changes = await self._revisions.changes(caller, earlier, document)
        return dataclasses.replace(document, changes=changes)

    async def SummarizeTranscription(
        self, request: export_pb2.SummarizeTranscriptionRequest, _context: Any
    ) -> export_pb2.SummarizeTranscriptionResponse:
        """Summarize a transcript."""
        document = await self._transcripts.read(
            identity.current(),
            request.transcription_id,
            words=False,
            version=versions.of_summary(request),
        )
        return answer_of(document, await self._summarize(document))

    async def ListExportFormats(
        self, _request: export_pb2.ListExportFormatsRequest, _context: Any
    ) -> export_pb2.ListExportFormatsResponse:
        """List the formats."""
        return export_pb2.ListExportFormatsResponse(
            formats=[
                export_pb2.ExportFormatInfo(
                    format=FORMAT_VALUES[name],
                    name=name,
                    content_type=CONTENT_TYPES[name],
                    options=sorted(OPTION_VALUES[option] for option in listed.options),
                    tracked_changes=listed.tracks_changes,
                    extension=listed.extension,
                    templates=listed.takes_templates,
                )
                for name, listed in FORMATS.items()
            ]
        )


def _target(request: export_pb2.ExportTranscriptionRequest) -> Format:
    """Return the format, with the layout of the template if there is one."""
    target = _format(request.format)
    if request.turns and not target.takes_turns:
        formats = ", ".join(name for name, one in FORMATS.items() if one.takes_turns)
        raise ValidationError.of(
            "turns", f"This format has no turns of the diarizer. Use one of: {formats}."
        )
    if not request.template:
        return target
    if request.changes:
        raise ValidationError.of("template", "A template shows no tracked changes.")
    return with_template(target, request.template)


def _format(value: int) -> Format:
    found = _FORMATS.get(value)
    if found is None:
        raise ValidationError.of(
            "format", f"Specify an export format. Supported formats: {', '.join(FORMATS)}."
        )
    return found


def _options(values: Iterable[int]) -> list[Option]:
    try:
        return [_OPTIONS[value] for value in values]
    except KeyError as error:
        supported = ", ".join(Option)
        raise ValidationError.of(
            "options", f"Unknown export option. Supported options: {supported}."
        ) from error


def _is_transcoded(context: Any) -> bool:
    """Return whether Envoy made the call on behalf of a plain HTTP request."""
    return any(key == "x-envoy-original-path" for key, _ in context.invocation_metadata() or ())


def _head(target: Format, document: Document) -> httpbody_pb2.HttpBody:
    name = document.file_name(target.extension)
    content_type = CONTENT_TYPES[target.name]
    packed = any_pb2.Any()
    packed.Pack(export_pb2.ExportMetadata(filename=name, content_type=content_type))
    return httpbody_pb2.HttpBody(content_type=content_type, extensions=[packed])
