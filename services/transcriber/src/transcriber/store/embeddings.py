"""Embeddings of texts, within one transaction."""

from collections.abc import Sequence

from common.postgres import Connection, execute, fetch_all, fetch_one

_DUE = """
SELECT transcription_id FROM search_unembedded
WHERE NOT item_rests('search-embeddings', transcription_id::text)
ORDER BY segment_id DESC LIMIT %s
"""
_TEXTS = """
SELECT due.segment_id, s.text
FROM search_unembedded AS due JOIN search_segments AS s ON s.id = due.segment_id
WHERE due.transcription_id = %s ORDER BY due.segment_id LIMIT %s
"""
# Only of texts that have not changed since.
_STORE = """
WITH embedded AS (
    SELECT s.id, s.workspace_id, s.transcription_id, made.embedding
    FROM unnest(%(ids)s::bigint[], %(texts)s::text[], %(vectors)s::text[])
             AS made (id, text, embedding)
    JOIN search_segments AS s ON s.id = made.id AND s.text = made.text
    ORDER BY s.id FOR NO KEY UPDATE OF s),
done AS (DELETE FROM search_unembedded USING embedded WHERE segment_id = embedded.id)
INSERT INTO search_embeddings (segment_id, workspace_id, transcription_id, embedding)
SELECT id, workspace_id, transcription_id, embedding::halfvec(384) FROM embedded
ON CONFLICT (segment_id) DO UPDATE SET embedding = excluded.embedding
"""
_WAITING = "SELECT count(*) AS waiting FROM search_unembedded"


class Embeddings:
    """The vectors of texts, and the texts without one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions with texts to embed."""
        rows = await fetch_all(self._connection, _DUE, (limit,))
        return list(dict.fromkeys(row["transcription_id"] for row in rows))

    async def texts(self, transcription_id: int, limit: int) -> list[tuple[int, str]]:
        """Return texts of a transcription to embed, with the ids of their entries."""
        rows = await fetch_all(self._connection, _TEXTS, (transcription_id, limit))
        return [(row["segment_id"], row["text"]) for row in rows]

    async def store(
        self, texts: Sequence[tuple[int, str]], vectors: Sequence[Sequence[float]]
    ) -> None:
        """Store the vectors of texts, as long as these are still the same."""
        parameters = {
            "ids": [entry for entry, _ in texts],
            "texts": [text for _, text in texts],
            "vectors": [str(list(vector)) for vector in vectors],
        }
        await execute(self._connection, _STORE, parameters)

    async def waiting(self) -> int:
        """Return the number of texts to embed."""
        row = await fetch_one(self._connection, _WAITING)
        assert row is not None
        return int(row["waiting"])
