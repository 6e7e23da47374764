"""Reading, editing, comparison and replacement of transcripts."""

from collections.abc import Mapping, Sequence
from typing import Any

from securetranscribe import results
from securetranscribe.methods import listing, operation, record
from securetranscribe.steps import Flow, Items, Parts, present

_PAGE = 1000


class TranscriptCalls:
    """Calls about the text of transcriptions."""

    @operation(
        "GET", "/transcription/{transcription_id}/transcript", record(results.TranscriptData)
    )
    def read_transcript(
        self,
        transcription_id: int,
        *,
        revision: int | None = None,
        words: bool = True,
        start: float | None = None,
        end: float | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> Parts:
        """Return a page of a transcript: `segments`, their `total`, `notes` and the `revision`.

        `start` and `end` are seconds, and limit the segments to those within.
        """
        query = present(
            revision=revision,
            words=str(words).lower(),
            limit=limit,
            offset=offset,
            **{"from": start, "to": end},
        )
        return Parts(query=query)

    @operation("POST", "/transcription/{transcription_id}/edits", record(results.EditData))
    def edit_transcript(
        self,
        transcription_id: int,
        operations: Sequence[Mapping[str, Any]],
        *,
        revision: int,
        request_id: str | None = None,
    ) -> Parts:
        """Execute a batch of operations on a revision, all of them or none.

        An operation is an object with a `type`, for example `{"type": "delete_words", "first":
        "1.1", "last": "1.2"}`. A batch with the same `request_id` is executed once. A
        `ConflictError` means a change of the same words by somebody else.
        """
        body = present(
            operations=[dict(operation) for operation in operations],
            request_id=request_id or None,
        )
        return Parts(json=body, headers={"If-Match": f'"{revision}"'})

    @operation("POST", "/transcription/{transcription_id}/undo", record(results.ToggleData))
    def undo_edits(self, transcription_id: int) -> Parts:
        """Take back the session's last batch of edits. Return the new `revision`."""
        return Parts()

    @operation("POST", "/transcription/{transcription_id}/redo", record(results.ToggleData))
    def redo_edits(self, transcription_id: int) -> Parts:
        """Repeat the session's last undone batch. Return the new `revision`."""
        return Parts()

    @operation("GET", "/transcription/{transcription_id}/revisions", record(results.HistoryData))
    def list_revisions(self, transcription_id: int) -> Parts:
        """Return all `revisions`, the newest first, and the next ones to undo and to redo."""
        return Parts()

    @operation(
        "POST",
        "/transcription/{transcription_id}/revisions/{revision}/restore",
        record(results.RestoreData),
    )
    def restore_revision(self, transcription_id: int, revision: int) -> Parts:
        """Make an earlier revision the newest one again. Return the new `revision`."""
        return Parts()

    @operation("POST", "/transcription/{transcription_id}/reprocess", record(results.ReprocessData))
    def reprocess_transcript(self, /, transcription_id: int, **options: Any) -> Parts:
        """Queue a recording to be processed again, without losing edits.

        Return the `job_id`, and the `source` that the job reads.
        `options` are `language`, `channels`, `num_speakers`, `min_speakers`, `max_speakers`,
        `stages`, `priority` and `request_id`. Without any, all stages run again.
        """
        return Parts(json=present(**options))

    @operation(
        "GET", "/transcription/{transcription_id}/conflicts", record(results.ConflictListData)
    )
    def read_conflicts(
        self,
        transcription_id: int,
        *,
        limit: int = 200,
        offset: int = 0,
        open_only: bool = False,
    ) -> Parts:
        """Return a page of the edits contradicted by the newest machine version."""
        return Parts(query={"limit": limit, "offset": offset, "open_only": str(open_only).lower()})

    @listing(results.ConflictData)
    def list_conflicts(self, transcription_id: int, *, open_only: bool = False) -> Flow[None]:
        """Yield the edits contradicted by the newest machine version, in order of time."""
        offset, total = 0, 1
        while offset < total:
            page = yield from TranscriptCalls.read_conflicts.flow(
                self, transcription_id, limit=_PAGE, offset=offset, open_only=open_only
            )
            yield Items(items=page["conflicts"])
            offset, total = offset + _PAGE, page["total"]

    @operation(
        "POST",
        "/transcription/{transcription_id}/conflicts/{conflict_id}/resolve",
        record(results.ResolveData),
    )
    def resolve_conflict(
        self,
        transcription_id: int,
        conflict_id: int,
        use: str,
        *,
        after: str | None = None,
        segment: str | None = None,
    ) -> Parts:
        """Resolve a conflict in favor of `mine` or `machine`. Return it and the new `revision`.

        Words without a place are inserted behind the word `after`, or at the beginning of a
        `segment`.
        """
        return Parts(json=present(use=use, after=after, segment=segment))

    @operation(
        "GET", "/transcription/{transcription_id}/revisions/compare", record(results.ComparisonData)
    )
    def read_comparison(self, /, transcription_id: int, **query: Any) -> Parts:
        """Return a page of the differences. The query is that of the API, `from` is `before`."""
        renamed = {"before": "from", "after": "to"}
        return Parts(query=present(**{renamed.get(name, name): query[name] for name in query}))

    @listing(results.SegmentDifference)
    def compare_revisions(
        self, transcription_id: int, before: int | None = None, after: int | None = None
    ) -> Flow[None]:
        """Yield the differences between two revisions in the order of the transcript.

        `before` is the machine version by default, `after` the newest revision.
        """
        cursor = None
        while True:
            page = yield from TranscriptCalls.read_comparison.flow(
                self, transcription_id, limit=_PAGE, before=before, after=after, cursor=cursor
            )
            yield Items(items=page["differences"])
            # The revisions of the first page stay those that are compared.
            before, after, cursor = page["from_revision"], page["to_revision"], page["next_cursor"]
            if cursor is None:
                return

    @operation("POST", "/transcripts/replace", record(results.ReplaceData))
    def replace_text(
        self,
        transcription_ids: Sequence[int],
        query: str,
        replacement: str = "",
        *,
        match_case: bool = False,
        whole_words: bool = False,
        regular_expression: bool = False,
        preview: bool = False,
        request_id: str | None = None,
    ) -> Parts:
        """Replace text in transcripts. Return the `replacement_id` and results per transcript.

        With `preview`, nothing is changed. A call with the same `request_id` changes no transcript
        twice.
        """
        body = present(
            transcription_ids=list(transcription_ids),
            query=query,
            replacement=replacement,
            match_case=match_case,
            whole_words=whole_words,
            regular_expression=regular_expression,
            preview=preview,
            request_id=request_id,
        )
        return Parts(json=body)

    @operation("POST", "/transcripts/replace/{replacement_id}/undo", record(results.ReplaceData))
    def undo_replacement(self, replacement_id: str) -> Parts:
        """Take back a replacement in all transcripts where nobody has changed the words since."""
        return Parts()
