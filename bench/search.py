"""Quality of the search: recall by text, by meaning, and by both.

    python -m bench.search [--data DIR] [--misses]

Starts an embedded Postgres, stores the meetings, and asks all queries. With `--data`, the texts of
recordings lie between them.
"""

import argparse
import asyncio
import itertools
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import search_corpus
from bench.search_corpus import LabeledQuery, Meeting
from common import logging
from common.postgres import Database, migrate
from common.settings import PostgresSettings
from devstack.testing import aembedded_servers
from transcriber.domain.transcripts import Transcript, TranscriptSpeaker
from transcriber.embedder.model import E5Model
from transcriber.search.embedder_client import Vector
from transcriber.search.searcher import Searcher
from transcriber.search.steps import EmbeddingStep, SearchTextStep
from transcriber.store.search_query import Filters, Ranking
from transcriber.store.transcripts import Completion, Transcripts

_OWNER = "bench"
_BEST = 10
_INSERT = """
INSERT INTO transcriptions (
    session_id, workspace_id, filename, title, size_bytes, duration, format, codec, sample_rate,
    channels, source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers,
    status)
VALUES ('bench', 'bench', 'talk.wav', %s, 1, 60, 'wav', 'pcm', 16000, 1, 'source', '', '{}', 0, 0,
        0, 'processing')
RETURNING id
"""


class LocalEmbedder:
    """`Embedder` in this process. Vectors of queries are kept, to ask them again."""

    def __init__(self, model: E5Model) -> None:
        self._model = model
        self._queries: dict[str, Vector] = {}

    async def embed_query(self, text: str) -> Vector:
        """Return the vector to search with."""
        if text not in self._queries:
            self._queries[text] = self._model.embed(text, query=True)
        return self._queries[text]

    async def embed_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vectors of texts to be found."""
        return [self._model.embed(text, query=False) for text in texts]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure the quality of the search.")
    parser.add_argument("--data", type=Path, help="directory with utterances.json")
    parser.add_argument("--model-dir", type=Path, default=Path(".models"))
    parser.add_argument("--misses", action="store_true", help="print tuned queries with misses")
    options = parser.parse_args()
    logging.configure(service="bench", level="WARNING", style="console")
    asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> None:
    business, named = search_corpus.business()
    meetings = [*search_corpus.meetings(), *business]
    queries = [*search_corpus.queries(), *named]
    if options.data:
        meetings += list(search_corpus.spoken(options.data))
    embedder = LocalEmbedder(E5Model.load(options.model_dir))
    with tempfile.TemporaryDirectory() as directory:
        async with aembedded_servers(Path(directory)) as servers:
            url = servers.environment("transcriber")["DATABASE_URL"]
            database = Database(PostgresSettings(database_url=url))
            await database.open()
            try:
                await migrate(database, "transcriber")
                await _report(database, embedder, meetings, queries, misses=options.misses)
            finally:
                await database.close()


async def _report(
    database: Database,
    embedder: LocalEmbedder,
    meetings: Sequence[Meeting],
    queries: Sequence[LabeledQuery],
    *,
    misses: bool,
) -> None:
    names = {await _stored(database, meeting): meeting.name for meeting in meetings}
    await SearchTextStep(database).step()
    await EmbeddingStep(database, embedder).step()
    segments = sum(len(meeting.segments) for meeting in meetings)
    print(f"{len(queries)} queries, {len(meetings)} transcripts, {segments} segments\n")
    ranking = Ranking()
    searchers = {
        "text": Searcher(database, None, ranking),
        "meaning": Searcher(database, embedder, replace(ranking, most_texts=0)),
        "hybrid": Searcher(database, embedder, ranking),
    }
    recalls: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for (way, searcher), query in itertools.product(searchers.items(), queries):
        found = await _found(searcher, query, names)
        recall = len(found & query.relevant) / min(_BEST, len(query.relevant))
        recalls[way, query.half, query.kind].append(recall)
        if misses and way == "hybrid" and query.half == "tuned" and recall < 1:
            print(f"{recall:.2f} {query.text} (missing {sorted(query.relevant - found)})")
    _print(recalls)


def _print(recalls: dict[tuple[str, str, str], list[float]]) -> None:
    ways = ("text", "meaning", "hybrid")
    kinds = sorted({kind for _, _, kind in recalls})
    print(f"| recall@{_BEST} | queries | {' | '.join(ways)} |")
    print("|---|---|---|---|---|")
    for half in ("tuned", "held-out"):
        for kind in ("all", *kinds):
            columns = [
                [
                    recall
                    for (of_way, of_half, of_kind), values in recalls.items()
                    if (of_way, of_half) == (way, half) and kind in {"all", of_kind}
                    for recall in values
                ]
                for way in ways
            ]
            if columns[0]:
                means = " | ".join(f"{statistics.mean(values):.2f}" for values in columns)
                print(f"| {half}, {kind} | {len(columns[0])} | {means} |")


async def _found(searcher: Searcher, query: LabeledQuery, names: dict[int, str]) -> set[str]:
    """Return the places of the best segments."""
    found = await searcher.search(
        _OWNER, query.text, Filters(), limit=_BEST, per_transcription=_BEST
    )
    return {
        f"{names[hit.row['transcription_id']]}.{round(hit.place.start / 5) + 1}"
        for hit in found.hits
        if hit.row["kind"] == "segment" and hit.place.start is not None
    }


async def _stored(database: Database, meeting: Meeting) -> int:
    labels = dict.fromkeys(segment.label for segment in meeting.segments)
    speakers = [
        TranscriptSpeaker(label=label, segment_count=0, total_duration=0.0, average_confidence=0.0)
        for label in labels
    ]
    async with database.transaction() as connection:
        cursor = await connection.execute(_INSERT.encode(), (meeting.title,))
        row = await cursor.fetchone()
        assert row is not None
        number: int = row["id"]
        completion = Completion(
            transcript=Transcript(
                segments=tuple(meeting.segments),
                speakers=(),
                confidence=0.9,
                language=meeting.segments[0].language,
            ),
            speakers=speakers,
            languages=(),
            warnings=(),
            speech_model="",
            diarization_model="",
            names_due=False,
            clips_due=False,
        )
        await Transcripts(connection).replace(number, completion)
    return number


if __name__ == "__main__":
    main()
