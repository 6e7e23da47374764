"""A summary as the answer of SummarizeTranscription."""

from common.times import duration
from exporter.document import Document
from exporter.summary.model import ActionItem, Statement, Summary
from securetranscribe.v1 import export_pb2


def answer_of(document: Document, summary: Summary) -> export_pb2.SummarizeTranscriptionResponse:
    """Return the answer. Cited segments have the identifiers that they have in the document."""
    return export_pb2.SummarizeTranscriptionResponse(
        statements=[_statement(document, one) for one in summary.statements],
        action_items=[_item(document, one) for one in summary.action_items],
        method=summary.method,
        coverage=summary.coverage,
        revision=document.revision,
        warnings=summary.warnings,
    )


def _statement(document: Document, statement: Statement) -> export_pb2.SummaryStatement:
    return export_pb2.SummaryStatement(
        text=statement.attributed,
        segment_indexes=statement.segments,
        sources=[_source(document, index) for index in statement.segments],
        speaker=statement.speaker,
        speaker_label=statement.speaker_label,
    )


def _source(document: Document, index: int) -> export_pb2.SummarySource:
    segment = document.segments_by_index[index]
    return export_pb2.SummarySource(
        segment_index=index, segment_id=segment.id, start=duration(segment.start)
    )


def _item(document: Document, item: ActionItem) -> export_pb2.ActionItem:
    return export_pb2.ActionItem(
        text=item.text,
        owner=item.owner,
        due=item.due,
        segment_index=item.segment,
        start=duration(item.start),
        segment_id=document.segments_by_index[item.segment].id,
    )
