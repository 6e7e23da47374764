"""Fake exporter over real gRPC."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import any_pb2

from common import identity
from common.errors import (
    ExportError,
    NotFoundError,
    StateError,
    UnimplementedError,
)
from securetranscribe.v1 import export_pb2, export_pb2_grpc, transcription_pb2
from tests.integration.gateway.fake_transcriber import FakeTranscriber


@dataclass
class FakeExporter(export_pb2_grpc.ExportServiceServicer):
    """Returns a small fixed document in two chunks.

    While `hold` is set, the second one waits for it. `abandoned` counts the calls cancelled then.
    """

    transcriber: FakeTranscriber
    requests: list[export_pb2.ExportTranscriptionRequest] = field(default_factory=list)
    hold: asyncio.Event | None = None
    abandoned: int = 0

    async def ExportTranscription(
        self, request: Any, context: Any
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        self.requests.append(request)
        self._require_own(request.transcription_id)
        if request.format == export_pb2.EXPORT_FORMAT_ZIP:
            raise UnimplementedError("Not here.")
        if request.format == export_pb2.EXPORT_FORMAT_RTTM:
            raise ExportError("Rendering failed.")
        name = export_pb2.ExportFormat.Name(request.format).rpartition("_")[2].lower()
        packed = any_pb2.Any()
        packed.Pack(export_pb2.ExportMetadata(filename=f"größe.{name}", content_type="text/plain"))
        kinds = {"pdf": "application/pdf", "json": "application/json", "csv": "text/csv"}
        kind = kinds.get(name, "text/plain")
        yield httpbody_pb2.HttpBody(content_type=kind, data=b"%first ", extensions=[packed])
        if self.hold is not None:
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.abandoned += 1
                raise
        yield httpbody_pb2.HttpBody(data=b"second")

    async def SummarizeTranscription(
        self, request: Any, context: Any
    ) -> export_pb2.SummarizeTranscriptionResponse:
        """Return a summary of one quotation and one task."""
        self._require_own(request.transcription_id)
        source = export_pb2.SummarySource(segment_id="1.4")
        source.start.FromMilliseconds(12_500)
        statement = export_pb2.SummaryStatement(
            text="Ada: We ship.", sources=[source], speaker="Ada", speaker_label="Speaker_1"
        )
        item = export_pb2.ActionItem(text="Ship it", start=source.start, segment_id="1.4")
        return export_pb2.SummarizeTranscriptionResponse(
            statements=[statement],
            action_items=[item],
            method="extractive",
            coverage=1.0,
            revision=request.revision or 3,
            warnings=["Short."],
        )

    def _require_own(self, transcription_id: int) -> None:
        owner = self.transcriber.transcriptions.get(transcription_id)
        if owner is None or owner.session_id != identity.session_id():
            raise NotFoundError("There is no such transcription.")
        if owner.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            raise StateError("The transcription is not complete.")
