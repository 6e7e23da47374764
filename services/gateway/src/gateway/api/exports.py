"""Export endpoint, whose response is a document instead of JSON."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Depends, Query
from google.api import httpbody_pb2
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from common.errors import ExportError, UnimplementedError, ValidationError
from common.export_formats import (
    CHANGES_VALUES,
    CONTENT_TYPES,
    EXTENSIONS,
    FORMAT_VALUES,
    OPTION_VALUES,
    TURNS_VALUES,
    VERSION_VALUES,
)
from gateway.api.parameters import Caller, EmptyIsNone, JsonBody, Text, TranscriptionId
from gateway.backends import Backends
from gateway.sessions.session import Session
from gateway.web.endpoint import Endpoint
from securetranscribe.v1 import export_pb2

if TYPE_CHECKING:
    FormatName = str
    OptionName = str
    VersionName = str
    ChangesName = str
    TurnsName = str
else:
    # A format or an option added to the contract becomes valid here and in the OpenAPI document.
    FormatName = Literal[tuple(FORMAT_VALUES)]
    OptionName = Literal[tuple(OPTION_VALUES)]
    VersionName = Literal[tuple(VERSION_VALUES)]
    ChangesName = Literal[tuple(CHANGES_VALUES)]
    TurnsName = Literal[tuple(TURNS_VALUES)]

_MOST = 2**31 - 1
_ANY_TYPE = "application/octet-stream"
_CONTENT_TYPES = sorted({_ANY_TYPE, *(one.partition(";")[0] for one in CONTENT_TYPES.values())})

_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The exported document.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in _CONTENT_TYPES
        },
    }
}


def _separated(value: Any) -> Any:
    """Split `a,b` into `a` and `b`. Some clients send arrays in this form."""
    if not isinstance(value, list):
        return value
    return [
        name
        for part in value
        for name in (part.split(",") if isinstance(part, str) else [part])
        if name != ""
    ]


Options = Annotated[list[OptionName], BeforeValidator(_separated)]


ExportFormat = Annotated[FormatName | None, EmptyIsNone, Query()]
IncludeOptions = Annotated[Options | None, Query()]


class ExportBody(JsonBody):
    """Export parameters. Those in the query take precedence."""

    export_format: FormatName | None = None
    include_options: list[OptionName] | None = None
    revision: int | None = Field(None, ge=1, le=_MOST, description="Defaults to the newest.")
    version: VersionName | None = Field(None, description="Machine version, not a revision.")
    changes: ChangesName | None = Field(None, description="Tracked changes, in DOCX and Markdown.")
    since: int | None = Field(
        None, ge=1, le=_MOST, description="Changes since it. Defaults to the machine version."
    )
    turns: TurnsName | None = Field(None, description="Turns of the diarizer, in RTTM.")
    template: Text | None = Field(
        None, max_length=65_536, description="Jinja template of the layout, in TXT and Markdown."
    )


# Limits are those of the number alone: on the union they would be compared with None.
_Number = Annotated[int, Field(ge=1, le=_MOST)]
_Revision = Annotated[_Number | None, EmptyIsNone, Query(description="Defaults to the newest.")]
_VersionQuery = Annotated[
    VersionName | None, EmptyIsNone, Query(description="Machine version, not a revision.")
]
_ChangesQuery = Annotated[
    ChangesName | None, EmptyIsNone, Query(description="Tracked changes, in DOCX and Markdown.")
]
_Since = Annotated[
    _Number | None,
    EmptyIsNone,
    Query(description="Changes since it. Defaults to the machine version."),
]
_TurnsQuery = Annotated[
    TurnsName | None, EmptyIsNone, Query(description="Turns of the diarizer, in RTTM.")
]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The version of a transcript that is exported, and the changes and turns to show."""

    revision: int | None = None
    version: VersionName | None = None
    changes: ChangesName | None = None
    since: int | None = None
    turns: TurnsName | None = None

    def over(self, body: ExportBody) -> "Shown":
        """Return these parameters, and those of the body where there are none."""
        return Shown(
            revision=self.revision or body.revision,
            version=self.version or body.version,
            changes=self.changes or body.changes,
            since=self.since or body.since,
            turns=self.turns or body.turns,
        )


def _shown(
    revision: _Revision = None,
    version: _VersionQuery = None,
    changes: _ChangesQuery = None,
    since: _Since = None,
    turns: _TurnsQuery = None,
) -> Shown:
    return Shown(revision=revision, version=version, changes=changes, since=since, turns=turns)


ShownByQuery = Annotated[Shown, Depends(_shown)]


class ExportApi:
    """Export of transcripts, streamed from the exporter."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def endpoints(self) -> list[Endpoint]:
        """Return the export endpoints."""
        return [
            Endpoint(
                method=method,
                path="/transcription/export/{transcription_id}",
                handler=handler,
                summary=summary,
                tag="Transcription",
                errors=(404, 409),
                response_class=Response,
                responses=_DOCUMENT,
            )
            for method, handler, summary in (
                ("POST", self.export_transcription, "Export transcription"),
                ("GET", self.download_transcription, "Download transcription"),
            )
        ]

    async def export_transcription(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        *,
        shown: ShownByQuery,
        export_format: ExportFormat = None,
        include_options: IncludeOptions = None,
        body: ExportBody | None = None,
    ) -> Response:
        """Return a finished transcript as a document. The query takes precedence over the body."""
        body = body or ExportBody()
        name = export_format or body.export_format
        options = include_options if include_options is not None else body.include_options
        request = _request(transcription_id, name, options, shown.over(body))
        request.template = body.template or ""
        return await self._document(request, caller)

    async def download_transcription(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        request: Request,
        *,
        shown: ShownByQuery,
        export_format: ExportFormat = None,
        include_options: IncludeOptions = None,
    ) -> Response:
        """Return a finished transcript as a document, for links in pages."""
        wanted = _request(transcription_id, export_format, include_options, shown)
        return await self._document(wanted, caller, headers_only=request.method == "HEAD")

    async def _document(
        self,
        request: export_pb2.ExportTranscriptionRequest,
        caller: Session,
        *,
        headers_only: bool = False,
    ) -> Response:
        pieces = self._backends.read(self._backends.exports.ExportTranscription, request, caller)
        first = await _first(pieces)
        if headers_only:
            await pieces.aclose()
        return StreamingResponse(
            () if headers_only else _bytes(first, pieces),
            media_type=first.content_type or _ANY_TYPE,
            headers={"Content-Disposition": _disposition(first, request)},
        )


def _request(
    transcription_id: int,
    name: FormatName | None,
    options: Sequence[OptionName] | None,
    shown: Shown,
) -> export_pb2.ExportTranscriptionRequest:
    if name is None:
        raise ValidationError.of("export_format", "Specify an export format.")
    if shown.since and not shown.changes:
        raise ValidationError.of("since", "Give since together with changes=tracked.")
    request = export_pb2.ExportTranscriptionRequest(
        transcription_id=transcription_id,
        format=FORMAT_VALUES[name],
        options=[OPTION_VALUES[option] for option in options or ()],
        revision=shown.revision or 0,
        since_revision=shown.since or 0,
    )
    if shown.version:
        request.version = VERSION_VALUES[shown.version]
    if shown.changes:
        request.changes = CHANGES_VALUES[shown.changes]
    if shown.turns:
        request.turns = TURNS_VALUES[shown.turns]
    return request


async def _first(pieces: AsyncIterator[httpbody_pb2.HttpBody]) -> httpbody_pb2.HttpBody:
    """Return the first piece, so that errors are raised before the response starts."""
    try:
        return await anext(pieces)
    except StopAsyncIteration:
        raise ExportError("The document is empty.") from None
    except UnimplementedError:
        raise ValidationError.of(
            "export_format", "This deployment does not support the format."
        ) from None


async def _bytes(
    first: httpbody_pb2.HttpBody, pieces: AsyncIterator[httpbody_pb2.HttpBody]
) -> AsyncIterator[bytes]:
    yield first.data
    async for piece in pieces:
        yield piece.data


def _disposition(
    first: httpbody_pb2.HttpBody, request: export_pb2.ExportTranscriptionRequest
) -> str:
    extension = next(
        EXTENSIONS[name] for name, value in FORMAT_VALUES.items() if value == request.format
    )
    name = f"transcription-{request.transcription_id}.{extension}"
    for packed in first.extensions:
        metadata = export_pb2.ExportMetadata()
        if packed.Unpack(metadata) and metadata.filename:
            name = metadata.filename
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_"
        for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
