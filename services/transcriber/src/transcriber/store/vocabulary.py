"""Terms and corrections of workspaces."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.store import locks
from transcriber.vocabulary.entries import Correction, NewCorrection, NewTerm, Term

_TERMS = """
SELECT id, text, language, transcripts, created_at FROM vocabulary_terms
WHERE workspace_id = %s ORDER BY id DESC OFFSET %s LIMIT %s
"""
_COUNT_TERMS = "SELECT count(*) AS total FROM vocabulary_terms WHERE workspace_id = %s"
# The most recently found or added ones first.
_USEFUL_TERMS = """
SELECT text FROM vocabulary_terms
WHERE workspace_id = %(workspace)s
  AND (%(language)s = '' OR language IN ('', %(language)s))
ORDER BY greatest(found_at, created_at) DESC, id DESC
"""
_ADD_TERM = """
INSERT INTO vocabulary_terms (workspace_id, text, key, language)
VALUES (%(workspace)s, %(text)s, %(key)s, %(language)s)
ON CONFLICT DO NOTHING
RETURNING id, text, language, transcripts, created_at
"""
_HAS_TERM = """
SELECT EXISTS (
    SELECT FROM vocabulary_terms
    WHERE workspace_id = %(workspace)s AND key = %(key)s AND language = %(language)s
      AND id <> %(id)s) AS found
"""
_CHANGE_TERM = """
UPDATE vocabulary_terms SET text = %(text)s, key = %(key)s, language = %(language)s
WHERE id = %(id)s AND workspace_id = %(workspace)s
RETURNING id, text, language, transcripts, created_at
"""
_DELETE_TERM = "DELETE FROM vocabulary_terms WHERE id = %s AND workspace_id = %s"
_FOUND_TERMS = """
UPDATE vocabulary_terms SET transcripts = transcripts + 1, found_at = now()
WHERE workspace_id = %s AND id = ANY(%s)
"""
_CORRECTIONS = """
SELECT id, heard, meant, language, match_case, uses, created_at FROM vocabulary_corrections
WHERE workspace_id = %s ORDER BY id DESC OFFSET %s LIMIT %s
"""
_COUNT_CORRECTIONS = """
SELECT count(*) AS total FROM vocabulary_corrections WHERE workspace_id = %s
"""
_ADD_CORRECTION = """
INSERT INTO vocabulary_corrections (workspace_id, heard, key, meant, language, match_case)
VALUES (%(workspace)s, %(heard)s, %(key)s, %(meant)s, %(language)s, %(match_case)s)
ON CONFLICT DO NOTHING
RETURNING id, heard, meant, language, match_case, uses, created_at
"""
_HAS_CORRECTION = """
SELECT EXISTS (
    SELECT FROM vocabulary_corrections
    WHERE workspace_id = %(workspace)s AND key = %(key)s AND language = %(language)s
      AND id <> %(id)s) AS found
"""
_CHANGE_CORRECTION = """
UPDATE vocabulary_corrections
SET heard = %(heard)s, key = %(key)s, meant = %(meant)s, language = %(language)s,
    match_case = %(match_case)s
WHERE id = %(id)s AND workspace_id = %(workspace)s
RETURNING id, heard, meant, language, match_case, uses, created_at
"""
_DELETE_CORRECTION = "DELETE FROM vocabulary_corrections WHERE id = %s AND workspace_id = %s"
_USED = """
UPDATE vocabulary_corrections SET uses = uses + used.count
FROM unnest(%(ids)s::bigint[], %(counts)s::integer[]) AS used (id, count)
WHERE vocabulary_corrections.id = used.id AND workspace_id = %(workspace)s
"""
# Of the latest recognition with the same options.
_EARLIER_PHRASES = """
SELECT options -> 'phrases' AS phrases FROM tasks
WHERE transcription_id = %s AND stage = 'transcribe' AND state = 'done'
  AND options - 'phrases' - 'part' = %s::jsonb - 'phrases'
ORDER BY ended_at DESC LIMIT 1
"""
_ERASE_TERMS = "DELETE FROM vocabulary_terms WHERE workspace_id = %s"
_ERASE_CORRECTIONS = "DELETE FROM vocabulary_corrections WHERE workspace_id = %s"
_ERASE_DISMISSALS = "DELETE FROM vocabulary_dismissals WHERE workspace_id = %s"


class VocabularyStore:
    """The vocabulary of one workspace, within one transaction."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def lock(self) -> None:
        """Wait for other changes of the vocabulary, and keep them away."""
        await locks.acquire(self._connection, locks.vocabulary_of(self._workspace_id))

    async def terms(self, *, offset: int, limit: int) -> list[Term]:
        """Return terms, the latest first."""
        parameters = (self._workspace_id, offset, limit)
        return [_term(row) for row in await fetch_all(self._connection, _TERMS, parameters)]

    async def count_terms(self) -> int:
        """Return the number of terms."""
        return await self._count(_COUNT_TERMS)

    async def useful_terms(self, language: str) -> list[str]:
        """Return terms of a language, empty for any: the latest added or found ones first."""
        parameters = {"workspace": self._workspace_id, "language": language}
        return [row["text"] for row in await fetch_all(self._connection, _USEFUL_TERMS, parameters)]

    async def add_term(self, term: NewTerm) -> Term | None:
        """Add a term. Return None if it is there already."""
        row = await fetch_one(self._connection, _ADD_TERM, self._of_term(term))
        return None if row is None else _term(row)

    async def has_term(self, term: NewTerm, *, besides: int) -> bool:
        """Return whether another term is the same."""
        return await self._exists(_HAS_TERM, {**self._of_term(term), "id": besides})

    async def change_term(self, term_id: int, term: NewTerm) -> Term | None:
        """Change a term. Return None if there is none."""
        parameters = {**self._of_term(term), "id": term_id}
        row = await fetch_one(self._connection, _CHANGE_TERM, parameters)
        return None if row is None else _term(row)

    async def delete_term(self, term_id: int) -> bool:
        """Delete a term. Return whether there was one."""
        return await execute(self._connection, _DELETE_TERM, (term_id, self._workspace_id)) == 1

    async def found_terms(self, term_ids: Sequence[int]) -> None:
        """Count a transcript in which terms were found."""
        await execute(self._connection, _FOUND_TERMS, (self._workspace_id, list(term_ids)))

    async def corrections(self, *, offset: int, limit: int) -> list[Correction]:
        """Return corrections, the latest first."""
        rows = await fetch_all(self._connection, _CORRECTIONS, (self._workspace_id, offset, limit))
        return [_correction(row) for row in rows]

    async def count_corrections(self) -> int:
        """Return the number of corrections."""
        return await self._count(_COUNT_CORRECTIONS)

    async def add_correction(self, correction: NewCorrection) -> Correction | None:
        """Add a correction. Return None if the same words are corrected already."""
        row = await fetch_one(self._connection, _ADD_CORRECTION, self._of_correction(correction))
        return None if row is None else _correction(row)

    async def has_correction(self, correction: NewCorrection, *, besides: int) -> bool:
        """Return whether another correction is for the same words."""
        parameters = {**self._of_correction(correction), "id": besides}
        return await self._exists(_HAS_CORRECTION, parameters)

    async def change_correction(
        self, correction_id: int, correction: NewCorrection
    ) -> Correction | None:
        """Change a correction. Return None if there is none."""
        parameters = {**self._of_correction(correction), "id": correction_id}
        row = await fetch_one(self._connection, _CHANGE_CORRECTION, parameters)
        return None if row is None else _correction(row)

    async def delete_correction(self, correction_id: int) -> bool:
        """Delete a correction. Return whether there was one."""
        parameters = (correction_id, self._workspace_id)
        return await execute(self._connection, _DELETE_CORRECTION, parameters) == 1

    async def used(self, counts: Mapping[int, int]) -> None:
        """Count the places that corrections changed, by their identifiers."""
        parameters = {
            "workspace": self._workspace_id,
            "ids": list(counts),
            "counts": list(counts.values()),
        }
        await execute(self._connection, _USED, parameters)

    async def erase(self) -> None:
        """Erase the vocabulary."""
        for sql in (_ERASE_TERMS, _ERASE_CORRECTIONS, _ERASE_DISMISSALS):
            await execute(self._connection, sql, (self._workspace_id,))

    async def _count(self, sql: str) -> int:
        row = await fetch_one(self._connection, sql, (self._workspace_id,))
        return row["total"] if row else 0

    async def _exists(self, sql: str, parameters: Mapping[str, Any]) -> bool:
        row = await fetch_one(self._connection, sql, parameters)
        return row is not None and row["found"]

    def _of_term(self, term: NewTerm) -> dict[str, Any]:
        return {
            "workspace": self._workspace_id,
            "text": term.text,
            "key": term.key,
            "language": term.language,
        }

    def _of_correction(self, correction: NewCorrection) -> dict[str, Any]:
        return {
            "workspace": self._workspace_id,
            "heard": correction.heard,
            "key": correction.key,
            "meant": correction.meant,
            "language": correction.language,
            "match_case": correction.match_case,
        }


async def earlier_phrases(
    connection: Connection, transcription_id: int, options: Mapping[str, Any]
) -> tuple[str, ...] | None:
    """Return the phrases of an earlier recognition with such options, None if there is none."""
    parameters = (transcription_id, Jsonb(dict(options)))
    row = await fetch_one(connection, _EARLIER_PHRASES, parameters)
    return None if row is None else tuple(row["phrases"])


def _term(row: DictRow) -> Term:
    return Term(
        id=row["id"],
        text=row["text"],
        language=row["language"],
        transcripts=row["transcripts"],
        created_at=row["created_at"],
    )


def _correction(row: DictRow) -> Correction:
    return Correction(
        id=row["id"],
        heard=row["heard"],
        meant=row["meant"],
        language=row["language"],
        match_case=row["match_case"],
        uses=row["uses"],
        created_at=row["created_at"],
    )
