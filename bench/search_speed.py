"""Speed of the search in the database, with synthetic vectors.

    python -m bench.search_speed [--segments 1000000] [--owners 5000] [--large 100000]

Starts an embedded Postgres and fills the index. One owner has a large share, the others the rest.
Times are those of the whole statement, as the api waits for it, with the owner's filter.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from common import logging
from common.postgres import Database, migrate
from common.settings import PostgresSettings
from devstack.testing import aembedded_servers
from transcriber.embedder.model import DIMENSION, E5Model
from transcriber.search import query
from transcriber.search.alternatives import alternatives
from transcriber.search.indexing import IndexEntry
from transcriber.store.search import HASH
from transcriber.store.search_query import Filters, Page, Ranking, SearchStatements

_PER_TRANSCRIPTION = 36
_WORDS = 12
_POOL = 4000
_VECTORS = 1000
_CALLS = 60
_ONSETS = (*"bcdfghjklmnprstvwz", "br", "ch", "cl", "dr", "fl", "gr", "pl", "pr", "sh", "st", "tr")
_VOWELS = (*"aeiou", "ai", "ea", "ou", "ee")
_CODAS = ("", "", "", "", "n", "r", "s", "t", "l", "m", "ck", "nd", "st", "rt", "ng")
#: Synthetic vectors are far from each other. A limit would leave out the work on them.
_RANKING = Ranking(farthest=2.0, spread=2.0)
_INDEXES = ("search_segments_keys", "search_segments_workspace", "search_embeddings_workspace")
_POOLS = """
CREATE UNLOGGED TABLE bench_texts AS
SELECT (row_number() OVER ())::integer - 1 AS place, text, plain,
       grams || ARRAY(SELECT 'english:' || lexeme FROM unnest(to_tsvector('english', text)))
           AS parts
FROM jsonb_to_recordset(%s) AS entry (text text, plain text, grams text[])
"""
_VECTOR_POOL = """
CREATE UNLOGGED TABLE bench_vectors AS
SELECT place - 1 AS place,
       (SELECT array_agg(random(-1.0, 1.0) + 0 * (place + g)) FROM generate_series(1, 384) AS g)
           ::halfvec(384) AS embedding
FROM generate_series(1, %s) AS place
"""
_TRANSCRIPTIONS = """
INSERT INTO transcriptions (
    id, session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate,
    channels, source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers,
    status, transcript_at, search_at, search_revision)
SELECT n, 's', 'workspace_' || CASE WHEN n <= %(large)s THEN 0
                                    ELSE 1 + n %% (%(owners)s - 1) END,
       'talk.wav', 1, 60, 'wav', 'pcm', 16000, 1, 'source', 'en', '{}', 0, 0, 0, 'completed',
       '2026-01-01', '2026-01-01', 1
FROM generate_series(1, %(count)s) AS n
"""
# Entries of one transcription are next to each other, as they are stored.
_SEGMENTS = f"""
INSERT INTO search_segments (
    transcription_id, item, workspace_id, kind, label, start_seconds, language, text, plain, keys)
SELECT t.id, '1.' || part, t.workspace_id, 'segment', 'Speaker_1', part, 'en', p.text, p.plain,
       ARRAY(SELECT {HASH.format(workspace="t.workspace_id")} FROM unnest(p.parts) AS part)
FROM transcriptions AS t, generate_series(1, {_PER_TRANSCRIPTION}) AS part,
     LATERAL (SELECT * FROM bench_texts
              WHERE place = (t.id * 7919 + part * 104729) %% {_POOL}) AS p
WHERE t.id %% 2 = %s
ORDER BY t.id
"""
_EMBEDDINGS = f"""
INSERT INTO search_embeddings (segment_id, workspace_id, transcription_id, embedding)
SELECT s.id, s.workspace_id, s.transcription_id, v.embedding
FROM search_segments AS s
JOIN bench_vectors AS v ON v.place = mod(s.id * 31, {_VECTORS})
ORDER BY s.id
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the speed of the search.")
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--owners", type=int, default=5000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--model-dir", type=Path, default=Path(".models"))
    options = parser.parse_args()
    logging.configure(service="bench", level="WARNING", style="console")
    asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> None:
    dice = random.Random(3)
    words = [_word(dice) for _ in range(5000)]
    # Frequencies of words fall as in a language.
    weights = [1 / (place + 10) for place in range(len(words))]
    with tempfile.TemporaryDirectory() as directory:
        async with aembedded_servers(Path(directory)) as servers:
            url = servers.environment("transcriber")["DATABASE_URL"]
            database = Database(PostgresSettings(database_url=url))
            await database.open()
            try:
                await migrate(database, "transcriber")
                began = time.monotonic()
                texts = [" ".join(dice.choices(words, weights, k=_WORDS)) for _ in range(_POOL)]
                await _fill(database, texts, options)
                _vacuum(url)
                print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
                await _report(database, words, weights, dice, options)
            finally:
                await database.close()
    _embedding(options.model_dir, dice, words)


async def _fill(database: Database, texts: Sequence[str], options: argparse.Namespace) -> None:
    count = options.segments // _PER_TRANSCRIPTION
    rows = [IndexEntry(item="", text=text).to_json() for text in texts]
    found = await database.fetch_all(
        "SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", (list(_INDEXES),)
    )
    for name in _INDEXES:
        await database.execute(f"DROP INDEX {name}")
    await database.execute(_POOLS, (Jsonb(rows),))
    await database.execute("CREATE INDEX ON bench_texts (place)")
    await database.execute(_VECTOR_POOL, (_VECTORS,))
    await database.execute(
        _TRANSCRIPTIONS,
        {
            "large": options.large // _PER_TRANSCRIPTION,
            "owners": options.owners,
            "count": count,
        },
    )
    await asyncio.gather(*(database.execute(_SEGMENTS, (half,)) for half in (0, 1)))
    await database.execute(_EMBEDDINGS)
    for row in found:
        async with database.transaction() as connection:
            await connection.execute(b"SET LOCAL maintenance_work_mem = '512MB'")
            await connection.execute(row["indexdef"].encode())


def _vacuum(url: str) -> None:
    """Do what Postgres does by itself after a while."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE search_segments, search_embeddings, transcriptions")


async def _report(
    database: Database,
    words: Sequence[str],
    weights: Sequence[float],
    dice: random.Random,
    options: argparse.Namespace,
) -> None:
    print("| workspace | halves | median | p95 |\n|---|---|---|---|")
    small = [f"workspace_{dice.randrange(1, options.owners)}" for _ in range(_CALLS)]
    for name, owners in (("of many", small), ("large", ["workspace_0"] * _CALLS)):
        for halves in ("text", "both"):
            times = []
            for place, owner in enumerate(owners):
                text = " ".join(dice.choices(words, weights, k=2 + place % 2))
                vector = [dice.uniform(-1, 1) for _ in range(DIMENSION)]
                times.append(
                    await _timed(database, owner, text, vector if halves == "both" else None)
                )
            times = sorted(times[5:])
            p95 = times[int(0.95 * len(times))]
            print(
                f"| {name} | {halves} | {statistics.median(times) * 1000:.0f} ms "
                f"| {p95 * 1000:.0f} ms |",
                flush=True,
            )


async def _timed(
    database: Database, owner: str, text: str, vector: Sequence[float] | None
) -> float:
    asked = query.parse(text)
    async with database.transaction() as connection:
        statements = SearchStatements(connection, owner)
        await statements.prepare(30.0)
        began = time.perf_counter()
        state = await statements.state()
        await statements.search(
            asked,
            alternatives(asked),
            Filters(),
            Page(snapshot=await statements.snapshot(), offset=0, limit=21, per_transcription=3),
            total=state.entries,
            vector=vector,
            ranking=_RANKING,
        )
        return time.perf_counter() - began


def _embedding(model_dir: Path, dice: random.Random, words: Sequence[str]) -> None:
    model = E5Model.load(model_dir)
    times = []
    for _ in range(30):
        text = " ".join(dice.choices(words, k=4))
        began = time.perf_counter()
        model.embed(text, query=True)
        times.append(time.perf_counter() - began)
    print(f"\nEmbedding of a query: {statistics.median(times) * 1000:.0f} ms (median)")


def _word(dice: random.Random) -> str:
    """Return a word of syllables that are about as varied as those of a language."""
    return "".join(
        dice.choice(_ONSETS) + dice.choice(_VOWELS) + dice.choice(_CODAS)
        for _ in range(dice.randint(1, 3))
    )


if __name__ == "__main__":
    main()
