"""Reading, editing, comparison and replacement of transcripts."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Data = dict[str, Any]
_PAGE = 1000


class TranscriptCalls(ABC):
    """Calls about transcripts, for the client."""

    @abstractmethod
    def _data(self, method: str, path: str, **arguments: Any) -> Data:
        """Send a request and return the data of the response."""

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
    ) -> Data:
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
        return self._data("GET", f"/transcription/{transcription_id}/transcript", params=query)

    def edit_transcript(
        self,
        transcription_id: int,
        operations: Sequence[Mapping[str, Any]],
        *,
        revision: int,
        request_id: str | None = None,
    ) -> Data:
        """Execute a batch of operations on a revision, all of them or none.

        An operation is an object with a `type`, for example `{"type": "delete_words", "first":
        "1.1", "last": "1.2"}`. A batch with the same `request_id` is executed once. The status 409
        of an `ApiError` means a change of the same words by somebody else.
        """
        body: Data = {"operations": [dict(operation) for operation in operations]}
        if request_id:
            body["request_id"] = request_id
        path = f"/transcription/{transcription_id}/edits"
        return self._data("POST", path, json=body, headers={"If-Match": f'"{revision}"'})

    def undo_edits(self, transcription_id: int) -> Data:
        """Take back the session's last batch of edits. Return the new `revision`."""
        return self._data("POST", f"/transcription/{transcription_id}/undo")

    def redo_edits(self, transcription_id: int) -> Data:
        """Repeat the session's last undone batch. Return the new `revision`."""
        return self._data("POST", f"/transcription/{transcription_id}/redo")

    def list_revisions(self, transcription_id: int) -> Data:
        """Return all `revisions`, the newest first, and the next ones to undo and to redo."""
        return self._data("GET", f"/transcription/{transcription_id}/revisions")

    def restore_revision(self, transcription_id: int, revision: int) -> Data:
        """Make an earlier revision the newest one again. Return the new `revision`."""
        path = f"/transcription/{transcription_id}/revisions/{revision}/restore"
        return self._data("POST", path)

    def reprocess_transcript(self, transcription_id: int, **options: Any) -> Data:
        """Queue a recording to be processed again, without losing edits.

        Return the `job_id`, and the `source` that the job reads.
        `options` are `language`, `channels`, `num_speakers`, `min_speakers`, `max_speakers`,
        `stages`, `priority` and `request_id`. Without any, all stages run again.
        """
        path = f"/transcription/{transcription_id}/reprocess"
        return self._data("POST", path, json=present(**options))

    def list_conflicts(self, transcription_id: int, *, open_only: bool = False) -> Iterator[Data]:
        """Yield the edits contradicted by the newest machine version, in order of time."""
        path = f"/transcription/{transcription_id}/conflicts"
        offset = 0
        while True:
            query = {"limit": _PAGE, "offset": offset, "open_only": str(open_only).lower()}
            page = self._data("GET", path, params=query)
            yield from page["conflicts"]
            offset += _PAGE
            if offset >= page["total"]:
                return

    def resolve_conflict(
        self,
        transcription_id: int,
        conflict_id: int,
        use: str,
        *,
        after: str | None = None,
        segment: str | None = None,
    ) -> Data:
        """Resolve a conflict in favor of `mine` or `machine`. Return it and the new `revision`.

        Words without a place are inserted behind the word `after`, or at the beginning of a
        `segment`.
        """
        path = f"/transcription/{transcription_id}/conflicts/{conflict_id}/resolve"
        return self._data("POST", path, json=present(use=use, after=after, segment=segment))

    def compare_revisions(
        self, transcription_id: int, before: int | None = None, after: int | None = None
    ) -> Iterator[Data]:
        """Yield the differences between two revisions in the order of the transcript.

        `before` is the machine version by default, `after` the newest revision.
        """
        path = f"/transcription/{transcription_id}/revisions/compare"
        query = present(limit=_PAGE, **{"from": before, "to": after})
        while True:
            page = self._data("GET", path, params=query)
            yield from page["differences"]
            if page["next_cursor"] is None:
                return
            # The revisions of the first page stay those that are compared.
            query["from"], query["to"] = page["from_revision"], page["to_revision"]
            query["cursor"] = page["next_cursor"]

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
    ) -> Data:
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
        return self._data("POST", "/transcripts/replace", json=body)

    def undo_replacement(self, replacement_id: str) -> Data:
        """Take back a replacement in all transcripts where nobody has changed the words since."""
        return self._data("POST", f"/transcripts/replace/{replacement_id}/undo")


def present(**values: Any) -> Data:
    """Return the given values."""
    return {name: value for name, value in values.items() if value is not None}
