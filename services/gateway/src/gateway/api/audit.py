"""Endpoints of the audit log."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from common.identity import Grant
from gateway.api.audit_models import AuditPageData, Outcome, audit_entry
from gateway.api.moments import Since, Until
from gateway.api.parameters import Caller, EmptyIsNone, Text
from gateway.audit import export
from gateway.audit.entry import Selection
from gateway.audit.reader import DEFAULT_PAGE, MAX_PAGE, AuditReader
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success

_TAG = "Audit log"
_Word = Annotated[Text, Field(max_length=128)]
_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The entries, the earliest first.",
        "content": {
            kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for kind in (export.JSON_LINES_TYPE, export.CSV_TYPE)
        },
    }
}


def _selection(
    *,
    start: Annotated[
        Since | None,
        Query(alias="from", description="Only since this date or time (UTC)."),
    ] = None,
    end: Annotated[
        Until | None,
        Query(alias="to", description="Only until this date or time (UTC)."),
    ] = None,
    user_id: Annotated[_Word, Query(description="Only of this user.")] = "",
    session_id: Annotated[_Word, Query(description="Only of this session.")] = "",
    action: Annotated[
        _Word,
        Query(
            description="Only this action, or with a dot at the end all of its kind.",
            examples=["transcription."],
        ),
    ] = "",
    target_kind: Annotated[_Word, Query(description="Only with targets of this kind.")] = "",
    target_id: Annotated[_Word, Query(description="Only with this target.")] = "",
    outcome: Annotated[
        Outcome | None, EmptyIsNone, Query(description="Only with this outcome.")
    ] = None,
    address: Annotated[_Word, Query(description="Only from this address.")] = "",
) -> Selection:
    return Selection(
        workspace_id="",
        start=start,
        end=end,
        user_id=user_id,
        session_id=session_id,
        action=action,
        target_kind=target_kind,
        target_id=target_id,
        outcome=outcome or "",
        address=address,
    )


_Selected = Annotated[Selection, Depends(_selection)]
_Deployment = Annotated[
    bool,
    Query(description="Entries about the deployment in place of the workspace's."),
]


class AuditApi:
    """The audit log, for managers and administrators."""

    def __init__(self, reader: AuditReader) -> None:
        self._reader = reader

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/audit",
                handler=self.list_audit_entries,
                summary="List audit entries",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/audit/export",
                handler=self.export_audit_entries,
                summary="Export audit entries",
                tag=_TAG,
                responses=_DOCUMENT,
                response_class=Response,
            ),
        ]

    async def list_audit_entries(
        self,
        *,
        caller: Caller,
        selection: _Selected,
        deployment: _Deployment = False,
        limit: Annotated[
            int, Query(ge=1, le=MAX_PAGE, description="Maximum number of entries.")
        ] = DEFAULT_PAGE,
        cursor: Annotated[
            Text, Query(max_length=500, description="`cursor` of the page before.")
        ] = "",
    ) -> Success[AuditPageData]:
        """Return entries, the latest first. For managers of the workspace.

        Administrators of the deployment also read entries without a workspace.
        """
        page = await self._reader.page(
            Grant.copy(caller), selection, deployment=deployment, limit=limit, token=cursor
        )
        data = AuditPageData(
            entries=[audit_entry(entry) for entry in page.entries], cursor=page.next_token or None
        )
        return Success[AuditPageData].of(data, "Audit entries retrieved")

    async def export_audit_entries(
        self,
        *,
        caller: Caller,
        selection: _Selected,
        deployment: _Deployment = False,
        form: Annotated[
            Literal["jsonl", "csv"],
            Query(alias="format", description="JSON lines, or a table for spreadsheets."),
        ] = "jsonl",
    ) -> Response:
        """Return all selected entries, the earliest first, as a file."""
        found = self._reader.all(Grant.copy(caller), selection, deployment=deployment)

        async def body() -> AsyncIterator[bytes]:
            if form == "csv":
                yield export.csv_header()
            lines = export.csv_lines if form == "csv" else export.json_lines
            async for entries in found:
                yield lines(entries)

        name = f"audit-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.{form}"
        return StreamingResponse(
            body(),
            media_type=export.CSV_TYPE if form == "csv" else export.JSON_LINES_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
