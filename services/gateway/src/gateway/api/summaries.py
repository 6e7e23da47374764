"""Endpoint for the summary and the action items of a transcript."""

from typing import Annotated

from fastapi import Query
from google.protobuf.duration_pb2 import Duration
from pydantic import Field
from starlette.responses import Response

from common import times
from gateway.api.parameters import Caller, EmptyIsNone, TranscriptionId
from gateway.api.summary_models import SummaryData, SummaryItem, SummarySource, SummaryStatement
from gateway.backends import EXPORT_SECONDS, Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.preconditions import etag
from securetranscribe.v1 import export_pb2

# Limits are those of the number alone: on the union they would be compared with None.
_Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
_Revision = Annotated[_Number | None, EmptyIsNone, Query(description="Defaults to the newest.")]


class SummaryApi:
    """Summaries of transcripts, made by the exporter."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/summary",
                handler=self.summarize_transcript,
                summary="Summarize a transcript",
                tag="Transcript",
                errors=(404, 409),
            )
        ]

    async def summarize_transcript(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        response: Response,
        *,
        revision: _Revision = None,
    ) -> Success[SummaryData]:
        """Return a summary and the action items. Each names the segments that it cites."""
        answer = await self._backends.ask(
            self._backends.exports.SummarizeTranscription,
            export_pb2.SummarizeTranscriptionRequest(
                transcription_id=transcription_id, revision=revision or 0
            ),
            caller,
            seconds=EXPORT_SECONDS,
        )
        response.headers["ETag"] = etag(answer.revision)
        data = SummaryData(
            transcription_id=transcription_id,
            revision=answer.revision,
            method=answer.method,
            coverage=answer.coverage,
            statements=[_statement(one) for one in answer.statements],
            action_items=[_item(one) for one in answer.action_items],
            warnings=list(answer.warnings),
        )
        return Success[SummaryData].of(data, "Transcript summarized")


def _statement(message: export_pb2.SummaryStatement) -> SummaryStatement:
    said = f"{message.speaker}: " if message.speaker else ""
    return SummaryStatement(
        text=message.text.removeprefix(said),
        speaker=message.speaker or None,
        speaker_label=message.speaker_label or None,
        sources=[_source(one.segment_id, one.start) for one in message.sources],
    )


def _item(message: export_pb2.ActionItem) -> SummaryItem:
    return SummaryItem(
        text=message.text,
        owner=message.owner or None,
        due=message.due or None,
        source=_source(message.segment_id, message.start),
    )


def _source(segment_id: str, start: Duration) -> SummarySource:
    return SummarySource(segment=segment_id, start=times.seconds(start))
