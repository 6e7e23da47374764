"""Searches of a workspace: by text always, and by meaning if possible."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg.errors

from common import logging
from common.errors import ApplicationError, NotFoundError, TimedOutError
from common.postgres import Connection, Database
from transcriber.names.rules import group_by_name
from transcriber.search import marks, query
from transcriber.search.alternatives import alternatives
from transcriber.search.embedder_client import Embedder, Vector
from transcriber.search.pages import PageToken
from transcriber.search.query import Query
from transcriber.store.search_places import Place, SearchPlaces
from transcriber.store.search_query import Filters, IndexState, Page, Ranking, SearchStatements
from transcriber.store.transcripts import Transcripts

#: The two halves together find no more.
MOST_HITS = 300
_SECONDS = 3.0
_log = logging.get(__name__)


class State(enum.Enum):
    """How complete an index is."""

    COMPLETE = "complete"
    BEHIND = "behind"
    UNAVAILABLE = "unavailable"
    OFF = "off"


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How much of a workspace an index holds."""

    state: State
    indexed: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A hit. `row` is its entry, and `speaker` the speaker of its segment."""

    row: Mapping[str, Any]
    place: Place
    speaker_label: str
    speaker: str
    marks: Sequence[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page of hits."""

    hits: Sequence[Hit]
    next_page: str
    text: Coverage
    semantic: Coverage


class Searcher:
    """Searches workspaces. Without an embedder, by text only."""

    def __init__(
        self, database: Database, embedder: Embedder | None, ranking: Ranking | None = None
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._ranking = ranking or Ranking()

    async def search(
        self,
        workspace_id: str,
        text: str,
        filters: Filters,
        *,
        limit: int,
        per_transcription: int,
        page_token: str = "",
    ) -> Found:
        """Return a page of hits, the best first.

        Raises:
            ValidationError: the query or the page token makes no sense.
            NotFoundError: the workspace has no such transcription.
            TimedOutError: the search takes too long.
        """
        asked = query.parse(text)
        search = repr((text, filters, per_transcription))
        token = PageToken.decode(page_token, search) if page_token else None
        vector = await self._vector(asked)
        async with self._database.transaction() as connection:
            return await self._search(
                _Search(
                    connection=connection,
                    workspace_id=workspace_id,
                    query=asked,
                    filters=filters,
                    limit=limit,
                    per_transcription=per_transcription,
                    vector=vector,
                    text=search,
                ),
                token,
            )

    async def _search(self, search: "_Search", token: PageToken | None) -> Found:
        statements = SearchStatements(search.connection, search.workspace_id)
        await statements.prepare(_SECONDS)
        number = search.filters.transcription
        if number is not None and not await statements.has(number):
            raise NotFoundError("There is no such transcription.")
        state = await statements.state()
        if token is None:
            token = PageToken(snapshot=await statements.snapshot(), offset=0)
        rows = await _rows(statements, search, token, state, self._ranking)
        following = PageToken(snapshot=token.snapshot, offset=token.offset + search.limit)
        return Found(
            hits=await _hits(search, rows[: search.limit]),
            next_page=following.encode(search.text) if len(rows) > search.limit else "",
            text=_text_coverage(state),
            semantic=self._semantic_coverage(state, search.vector),
        )

    async def _vector(self, asked: Query) -> Vector | None:
        if self._embedder is None:
            return None
        try:
            return await self._embedder.embed_query(asked.text)
        except ApplicationError as error:
            _log.warning("searching by text only", reason=error.message)
            return None

    def _semantic_coverage(self, state: IndexState, vector: Vector | None) -> Coverage:
        total = state.embedded + state.unembedded
        if self._embedder is None:
            return Coverage(state=State.OFF, indexed=state.embedded, total=total)
        if vector is None:
            return Coverage(state=State.UNAVAILABLE, indexed=state.embedded, total=total)
        behind = state.unembedded > 0 or state.due > 0
        return Coverage(
            state=State.BEHIND if behind else State.COMPLETE, indexed=state.embedded, total=total
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Search:
    connection: Connection
    workspace_id: str
    query: Query
    filters: Filters
    limit: int
    per_transcription: int
    vector: Vector | None
    text: str


async def _rows(
    statements: SearchStatements,
    search: _Search,
    token: PageToken,
    state: IndexState,
    ranking: Ranking,
) -> list[dict[str, Any]]:
    try:
        return await statements.search(
            search.query,
            alternatives(search.query),
            search.filters,
            Page(
                snapshot=token.snapshot,
                offset=token.offset,
                limit=search.limit + 1,
                per_transcription=(
                    search.per_transcription if search.filters.transcription is None else MOST_HITS
                ),
            ),
            total=state.entries,
            vector=search.vector,
            ranking=ranking,
        )
    except psycopg.errors.QueryCanceled as error:
        raise TimedOutError(
            "The search takes too long. Use fewer or less frequent words, or a filter."
        ) from error


async def _hits(search: _Search, rows: Sequence[Mapping[str, Any]]) -> list[Hit]:
    numbers = list({row["transcription_id"] for row in rows})
    speakers = await Transcripts(search.connection).speakers(numbers)
    places = await SearchPlaces(search.connection).places(rows)
    grouped = {number: group_by_name(speakers[number]) for number in numbers}
    hits = []
    for row, place in zip(rows, places, strict=True):
        group = grouped[row["transcription_id"]]
        hits.append(
            Hit(
                row=row,
                place=place,
                speaker_label=group.primary.get(place.label, place.label),
                speaker=group.names.get(place.label, place.label),
                marks=marks.marks(row["text"], search.query) if row["by_text"] else (),
            )
        )
    return hits


def _text_coverage(state: IndexState) -> Coverage:
    return Coverage(
        state=State.BEHIND if state.due else State.COMPLETE,
        indexed=state.transcriptions - state.due,
        total=state.transcriptions,
    )
