"""The statement of the search. It joins both halves, within one workspace.

`matches` has the entries with words of the query, in any of the ways listed by
`alternatives`, and `misspelled` those with words like them. The numbers of words depend on the
workspace, and the index leads to its own entries only. Vectors are compared exactly, with all
of the workspace: an approximate index over the vectors of everybody returns too few of one
workspace.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from common.postgres import Connection, fetch_all, fetch_one
from transcriber.search.alternatives import STEM, Alternative, numbered
from transcriber.search.indexing import CONFIGURATIONS
from transcriber.search.query import Query
from transcriber.store.search import HASH

_HASH = HASH.format(workspace="%(workspace)s")
# With less memory, Postgres reads all rows on the pages that have some of a large workspace.
_SETTINGS = """
SELECT set_config('statement_timeout', %s, true), set_config('jit', 'off', true),
       set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('work_mem', '32MB', true)
"""
_ELIGIBLE = """
    s.workspace_id = %(workspace)s AND s.id <= %(snapshot)s
    AND s.transcription_id IN (SELECT id FROM allowed)
    AND (%(language)s::text IS NULL OR s.language = %(language)s)
    AND (%(speaker)s::text IS NULL
         OR (s.transcription_id, s.label) IN (SELECT transcription_id, label FROM speaking))
    AND NOT EXISTS (SELECT FROM unnest(%(excluded)s::text[]) AS phrase
                    WHERE position(phrase IN s.plain) > 0)
    AND NOT EXISTS (SELECT FROM unnest(%(required)s::text[]) AS phrase
                    WHERE position(phrase IN s.plain) = 0)
"""
_ALLOWED = """
allowed AS MATERIALIZED (
    SELECT t.id FROM transcriptions AS t
    WHERE t.workspace_id = %(workspace)s AND t.trashed_at IS NULL
      AND (%(transcription)s::bigint IS NULL OR t.id = %(transcription)s)
      AND (%(since)s::timestamptz IS NULL OR t.created_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR t.created_at < %(until)s)
      AND (%(status)s::text IS NULL OR t.status = %(status)s)
      AND (%(shortest)s::double precision IS NULL OR t.duration >= %(shortest)s)
      AND (%(longest)s::double precision IS NULL OR t.duration <= %(longest)s)
      AND (%(favorite)s::boolean IS NULL OR t.favorite = %(favorite)s)
      AND (%(folder)s::bigint IS NULL OR t.folder_id IN (
              SELECT id FROM folders
              WHERE workspace_id = %(workspace)s AND %(folder)s IN (id, parent_id)))
      AND (%(tag)s::text IS NULL OR EXISTS (
              SELECT FROM transcription_tags JOIN tags ON tags.id = tag_id
              WHERE transcription_id = t.id AND tags.folded = %(tag)s))),
speaking AS (
    SELECT p.transcription_id, p.label FROM transcript_speakers AS p
    WHERE %(speaker)s::text IS NOT NULL AND p.transcription_id IN (SELECT id FROM allowed)
      AND p.merged_into = '' AND %(speaker)s IN (lower(p.name), lower(p.label))
    UNION
    SELECT p.transcription_id, p.label
    FROM transcript_speakers AS p JOIN speaking ON p.transcription_id = speaking.transcription_id
     AND p.merged_into = speaking.label)
"""
# Words without a stem in a language are its filler words.
_STEMS = f"""
stems AS MATERIALIZED (
    SELECT words.grp, words.term,
           ARRAY(SELECT {_HASH}
                 FROM (SELECT configuration || ':' || lexeme AS part
                       FROM unnest(to_tsvector(configuration::regconfig, words.word))) AS parts
                ) AS keys
    FROM unnest(%(groups)s::integer[], %(terms)s::integer[], %(words)s::text[])
             AS words (grp, term, word),
         unnest(%(configurations)s::text[]) AS configuration),
fillers AS MATERIALIZED (
    SELECT term FROM stems GROUP BY term HAVING bool_or(keys = '{{}}')),
alternatives AS MATERIALIZED (
    SELECT grp, weight, needle, least,
           ARRAY(SELECT {_HASH} FROM unnest(string_to_array(parts, ' ')) AS part) AS keys,
           ARRAY(SELECT {_HASH} FROM unnest(string_to_array(checked, ' ')) AS part) AS checked
    FROM unnest(%(a_groups)s::integer[], %(a_terms)s::integer[], %(a_weights)s::real[],
                %(a_parts)s::text[], %(a_needles)s::text[], %(a_checked)s::text[],
                %(a_leasts)s::integer[], %(a_fillers)s::boolean[])
             AS a (grp, term, weight, parts, needle, checked, least, filler)
    WHERE filler OR term NOT IN (SELECT term FROM fillers)
       OR NOT EXISTS (SELECT FROM unnest(%(terms)s::integer[]) AS other
                      WHERE other NOT IN (SELECT term FROM fillers))
    UNION ALL
    SELECT DISTINCT grp, {STEM}::real, '', 0, keys, '{{}}'::integer[]
    FROM stems WHERE keys <> '{{}}')
"""  # noqa: S608 - of constants
_TEXTS = f"""
matches AS MATERIALIZED (
    SELECT s.id, a.grp, a.weight
    FROM alternatives AS a JOIN search_segments AS s ON s.keys @> a.keys
    WHERE a.least = 0 AND cardinality(a.keys) > 0
      AND s.workspace_id = %(workspace)s AND s.id <= %(snapshot)s
      AND (a.needle = '' OR position(a.needle IN s.plain) > 0)),
misspelled AS MATERIALIZED (
    SELECT s.id, a.grp, a.weight * shared / cardinality(a.checked) AS weight, shared, a.least
    FROM alternatives AS a
    JOIN search_segments AS s ON s.keys @> a.keys
    CROSS JOIN LATERAL (
        SELECT count(*) AS shared FROM unnest(a.checked) AS key WHERE key = ANY(s.keys) OFFSET 0
    ) AS compared
    WHERE a.least > 0 AND s.workspace_id = %(workspace)s AND s.id <= %(snapshot)s
      AND (SELECT count(*) FROM matches WHERE matches.grp = a.grp) < %(enough)s),
found AS MATERIALIZED (
    SELECT id, grp, max(weight) AS weight
    FROM (SELECT id, grp, weight FROM matches
          UNION ALL SELECT id, grp, weight FROM misspelled WHERE shared >= least) AS ways
    GROUP BY id, grp),
rarities AS MATERIALIZED (
    SELECT grp, ln(1 + %(total)s::double precision / count(*)) AS rarity FROM found GROUP BY grp),
scored AS (
    SELECT found.id, sum(weight * rarity) AS score FROM found JOIN rarities USING (grp)
    GROUP BY found.id
    HAVING sum(rarity) >= %(least_share)s * (SELECT sum(rarity) FROM rarities)),
texts AS MATERIALIZED (
    SELECT s.id,
           row_number() OVER (ORDER BY
               scored.score * CASE WHEN position(%(whole)s IN s.plain) > 0 THEN 1.3 ELSE 1 END
               / (1 + %(length_weight)s::double precision * ln(1 + length(s.plain))) DESC,
               s.id) AS place
    FROM scored JOIN search_segments AS s USING (id)
    WHERE {_ELIGIBLE}
    ORDER BY place LIMIT %(most_texts)s)
"""  # noqa: S608 - of constants
_MEANINGS = f"""
nearest AS MATERIALIZED (
    SELECT e.segment_id AS id, e.embedding <=> %(vector)s::halfvec(384) AS distance
    FROM search_embeddings AS e
    WHERE %(vector)s::text IS NOT NULL AND e.workspace_id = %(workspace)s
      AND e.segment_id <= %(snapshot)s AND e.transcription_id IN (SELECT id FROM allowed)
      AND (NOT %(filtered)s::boolean
           OR EXISTS (SELECT FROM search_segments AS s WHERE s.id = e.segment_id AND {_ELIGIBLE}))
    ORDER BY distance LIMIT %(most_meanings)s),
meanings AS (
    SELECT id, row_number() OVER (ORDER BY distance, id) AS place FROM nearest
    WHERE distance <= %(farthest)s
      AND distance <= (SELECT min(distance) FROM nearest) + %(spread)s)
"""  # noqa: S608 - of constants
_SEARCH = f"""
WITH RECURSIVE {_ALLOWED}, {_STEMS}, {_TEXTS}, {_MEANINGS},
fused AS (
    SELECT id, coalesce(1.0 / (%(damping)s + texts.place), 0)
               + %(meaning_weight)s * coalesce(1.0 / (%(damping)s + meanings.place), 0) AS score,
           texts.place IS NOT NULL AS by_text, meanings.place IS NOT NULL AS by_meaning
    FROM texts FULL JOIN meanings USING (id)),
ordered AS (
    SELECT s.id, s.transcription_id, s.item, s.kind, s.label, s.start_seconds, s.language, s.text,
           fused.score::double precision AS score, by_text, by_meaning,
           row_number() OVER (PARTITION BY s.transcription_id
                              ORDER BY fused.score DESC, s.id) AS nth
    FROM fused JOIN search_segments AS s USING (id))
SELECT ordered.*, t.filename, t.title, t.created_at
FROM ordered JOIN transcriptions AS t ON t.id = ordered.transcription_id
WHERE nth <= %(per_transcription)s
ORDER BY score DESC, ordered.id OFFSET %(offset)s LIMIT %(limit)s
"""  # noqa: S608 - of constants
_HAS = "SELECT id FROM transcriptions WHERE id = %s AND workspace_id = %s AND trashed_at IS NULL"
_SNAPSHOT = "SELECT max(id) AS id FROM search_segments WHERE workspace_id = %s"
_STATE = """
SELECT (SELECT count(*) FROM search_unembedded WHERE workspace_id = %(workspace)s) AS unembedded,
       (SELECT count(*) FROM search_embeddings WHERE workspace_id = %(workspace)s) AS embedded,
       (SELECT count(*) FROM transcriptions WHERE workspace_id = %(workspace)s)
           AS transcriptions,
       (SELECT count(*) FROM transcriptions
        WHERE workspace_id = %(workspace)s
          AND (search_revision <> revision OR search_at IS DISTINCT FROM transcript_at)) AS due
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Limits of a search. None means any.

    `speaker` is a name or label, `tag` a folded name, `folder` includes the folders in it.
    Durations are in seconds.
    """

    transcription: int | None = None
    speaker: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    language: str | None = None
    status: str | None = None
    shortest: float | None = None
    longest: float | None = None
    favorite: bool | None = None
    folder: int | None = None
    tag: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """Weights of the ranking.

    A hit by text has at least `least_share` of the rarity of all words. Hits by meaning have
    at most the distance `farthest`, and at most `spread` more than the nearest. Misspelled words
    are looked for where fewer than `enough` entries have the word itself.
    """

    least_share: float = 0.35
    length_weight: float = 0.1
    damping: float = 60.0
    meaning_weight: float = 0.8
    farthest: float = 0.22
    spread: float = 0.06
    enough: int = 20
    most_texts: int = 200
    most_meanings: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of entries up to `snapshot`, behind the first `offset` ones."""

    snapshot: int
    offset: int
    limit: int
    per_transcription: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexState:
    """How much of a workspace is indexed."""

    unembedded: int
    embedded: int
    transcriptions: int
    due: int

    @property
    def entries(self) -> int:
        """Number of segments and notes."""
        return self.unembedded + self.embedded


class SearchStatements:
    """Searches of one workspace."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace = workspace_id

    async def prepare(self, seconds: float) -> None:
        """Limit the time of each statement of the transaction."""
        await fetch_one(self._connection, _SETTINGS, (str(round(seconds * 1000)),))

    async def has(self, transcription_id: int) -> bool:
        """Return whether the workspace has a transcription."""
        parameters = (transcription_id, self._workspace)
        return await fetch_one(self._connection, _HAS, parameters) is not None

    async def snapshot(self) -> int:
        """Return the newest entry."""
        row = await fetch_one(self._connection, _SNAPSHOT, (self._workspace,))
        return (row and row["id"]) or 0

    async def state(self) -> IndexState:
        """Return how much is indexed."""
        row = await fetch_one(self._connection, _STATE, {"workspace": self._workspace})
        assert row is not None
        return IndexState(**row)

    async def search(
        self,
        query: Query,
        ways: Sequence[Alternative],
        filters: Filters,
        page: Page,
        *,
        total: int,
        vector: Sequence[float] | None,
        ranking: Ranking,
    ) -> list[DictRow]:
        """Return a page of hits, the best first. Without a vector, they are found by text only."""
        words = [
            (group, place, term.written)
            for place, (group, term) in enumerate(numbered(query))
            if not term.exact
        ]
        parameters = {
            "workspace": self._workspace,
            **{name: getattr(filters, name) for name in Filters.__slots__},
            **{name: getattr(ranking, name) for name in Ranking.__slots__},
            **{name: getattr(page, name) for name in Page.__slots__},
            "total": total,
            "vector": None if vector is None else str(list(vector)),
            "filtered": bool(
                query.required
                or query.excluded
                or filters.language is not None
                or filters.speaker is not None
            ),
            "whole": whole(query),
            "required": list(query.required),
            "excluded": list(query.excluded),
            "groups": [group for group, _, _ in words],
            "terms": [place for _, place, _ in words],
            "words": [word for _, _, word in words],
            "configurations": sorted({"simple", *CONFIGURATIONS.values()}),
            "a_groups": [way.group for way in ways],
            "a_terms": [way.term for way in ways],
            "a_weights": [way.weight for way in ways],
            "a_parts": [" ".join(way.parts) for way in ways],
            "a_needles": [way.needle for way in ways],
            "a_checked": [" ".join(way.checked) for way in ways],
            "a_leasts": [way.least for way in ways],
            "a_fillers": [way.filler for way in ways],
        }
        return await fetch_all(self._connection, _SEARCH, parameters)


def whole(query: Query) -> str:
    """Return all words of a query in a row, as entries contain them."""
    return " ".join(term.folded.strip() for term in query.terms)
