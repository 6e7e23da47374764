"""AuditService: gRPC methods on top of the reader."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from common import identity, times
from common.errors import ValidationError
from gateway.audit import export
from gateway.audit.entry import Selection, message_of, outcome_word
from gateway.audit.reader import AuditReader
from securetranscribe.v1 import audit_pb2, audit_pb2_grpc


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """gRPC service for managers and administrators."""

    def __init__(self, reader: AuditReader) -> None:
        self._reader = reader

    async def ListAuditEntries(
        self, request: audit_pb2.ListAuditEntriesRequest, _context: Any
    ) -> audit_pb2.ListAuditEntriesResponse:
        """List entries, the latest first."""
        page = await self._reader.page(
            identity.current(),
            _selection(request.filter),
            deployment=request.filter.deployment,
            limit=request.page_size,
            token=request.page_token,
        )
        return audit_pb2.ListAuditEntriesResponse(
            entries=map(message_of, page.entries), next_page_token=page.next_token
        )

    async def ExportAuditEntries(
        self, request: audit_pb2.ExportAuditEntriesRequest, _context: Any
    ) -> AsyncIterator[audit_pb2.ExportAuditEntriesResponse]:
        """Export entries, the earliest first."""
        found = self._reader.all(
            identity.current(), _selection(request.filter), deployment=request.filter.deployment
        )
        is_csv = request.format == audit_pb2.AUDIT_EXPORT_FORMAT_CSV
        yield audit_pb2.ExportAuditEntriesResponse(
            content_type=export.CSV_TYPE if is_csv else export.JSON_LINES_TYPE,
            chunk=export.csv_header() if is_csv else b"",
        )
        lines = export.csv_lines if is_csv else export.json_lines
        async for entries in found:
            yield audit_pb2.ExportAuditEntriesResponse(chunk=lines(entries))


def _selection(asked: audit_pb2.AuditFilter) -> Selection:
    return Selection(
        workspace_id="",
        start=_moment(asked.start_time, "start_time") if asked.HasField("start_time") else None,
        end=_moment(asked.end_time, "end_time") if asked.HasField("end_time") else None,
        user_id=asked.user_id,
        session_id=asked.session_id,
        action=asked.action,
        target_kind=asked.target_kind,
        target_id=asked.target_id,
        outcome=outcome_word(asked.outcome) if asked.outcome else "",
        address=asked.address,
    )


def _moment(value: Timestamp, field: str) -> dt.datetime:
    """Return a time of a request.

    Raises:
        ValidationError: it is outside of the years 1 to 9999.
    """
    try:
        return times.moment(value)
    except (ValueError, OverflowError) as error:
        raise ValidationError.of(field, f"{field} must be in the years 1 to 9999.") from error
