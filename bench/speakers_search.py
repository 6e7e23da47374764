"""Latency and recall of the nearest-neighbor search among many voices.

    python -m bench.speakers_search [--voices 100000] [--data DIR] [--write FILE]

Starts an embedded Postgres, fills it with synthetic voices, and runs the queries of the service
one at a time. The voices have the covariance of the recordings in DIR. Without recordings, they are
spread evenly.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.speakers_corpus import arguments, load
from bench.speakers_fit import fit
from bench.speakers_report import WRITE_HELP, replace_part, table
from common import logging
from common.postgres import Connection, Database, migrate
from common.settings import PostgresSettings
from devstack.testing import aembedded_servers
from speakers.domain.matching import MatchPolicy
from speakers.domain.observation import Voice
from speakers.domain.pool import DEPLOYMENT
from speakers.domain.profile import Description
from speakers.domain.voice_space import VoiceSpaces
from speakers.domain.voiceprint import Voiceprint
from speakers.recognition import VoiceRecognizer
from speakers.store.profiles import Profiles
from speakers.store.prototypes import Prototype, Prototypes

Floats = npt.NDArray[np.float64]
Ask = Callable[[Connection, Floats], Awaitable[list[int]]]

_DIMENSION = 192
_CANDIDATES = 20
_QUESTIONS = 300
_EXACT_QUESTIONS = 40
_TAUGHT = 50
_SIMILARITY = 0.75  # cosine of two recordings of one person, in the bundled voice space
_INDEX = """
CREATE INDEX prototypes_192 ON prototypes USING hnsw ((place::vector(192)) vector_cosine_ops)
WHERE dimension = 192
"""
_MODEL = "INSERT INTO voice_models (name, version, dimension) VALUES ('bench', '1', 192)"
_PROFILES = """
COPY profiles (name, name_key, description, kept, search_name, search_words, sample_count)
FROM STDIN
"""
_PROTOTYPES = "COPY prototypes (profile_id, model_id, dimension, space, place) FROM STDIN"
_SIZES = """
SELECT pg_size_pretty(pg_relation_size('prototypes_192')) AS index,
       pg_size_pretty(pg_total_relation_size('prototypes')) AS all
"""


def main() -> None:
    """Fill the database, run the queries, and print the figures."""
    parser = arguments("Measure the search for voices.")
    parser.add_argument("--voices", type=int, default=100_000, help="number of synthetic voices")
    parser.add_argument("--write", type=Path, help=WRITE_HELP)
    options = parser.parse_args()
    logging.configure(service="bench", level="WARNING", style="console")
    text = asyncio.run(_measure(options))
    print(text)
    if options.write:
        replace_part(options.write, "search", text)


async def _measure(options: argparse.Namespace) -> str:
    places = made_up(options)
    with tempfile.TemporaryDirectory() as directory:
        async with aembedded_servers(Path(directory)) as servers:
            url = servers.environment("speakers")["DATABASE_URL"]
            database = Database(PostgresSettings(database_url=url))
            await database.open()
            try:
                return await _report(database, places)
            finally:
                await database.close()


def made_up(options: argparse.Namespace) -> Floats:
    """Return synthetic voices as unit vectors (voices, 192)."""
    random = np.random.default_rng(0)
    spread = np.eye(_DIMENSION)
    if (options.data / "strangers").is_dir():
        corpus = load(options)
        space = fit(corpus, corpus.speakers)
        real = np.array([space.place(vector) for vector in corpus.vectors.astype(np.float32)])
        values, axes = np.linalg.eigh(np.cov(real.T))
        spread = axes * np.sqrt(np.maximum(values, values.max() / 1000))
    return _units(np.asarray(random.standard_normal((options.voices, _DIMENSION)) @ spread.T))


async def _report(database: Database, places: Floats) -> str:
    await migrate(database, "speakers")
    built = await _fill(database, places)
    sizes = await database.fetch_one(_SIZES)
    assert sizes is not None
    questions = _questions(places)
    rows = []
    indexed, found = await _ask(database, questions, _nearest)
    rows.append(["nearest 20, index", *_times(indexed)])
    exact, truth = await _ask(database, questions[:_EXACT_QUESTIONS], _nearest_exactly)
    rows.append(["nearest 20, exact scan", *_times(exact)])
    rows.append(
        ["recording with 4 voices recognized", *_times(await _recordings(database, questions))]
    )
    rows.append(["words in names, 50 profiles", *_times(await _words(database))])
    rows.append(["prototype of a voice written", *_times(await _teach(database, places))])
    first = np.mean([a[0] == b[0] for a, b in zip(found, truth, strict=False)])
    all_of = np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, truth, strict=False)])
    own = np.mean([ids[0] == number + 1 for number, ids in enumerate(found)])
    return "\n".join(
        (
            table([f"{len(places):,} voices, 192 dimensions", "p50", "p95"], rows),
            "",
            f"In {_EXACT_QUESTIONS} queries, the index ranked the true nearest voice first in "
            f"{100 * first:.1f} %, and it returned {100 * all_of:.1f} % of the 20 nearest. In "
            f"{_QUESTIONS} queries with a voice similar to a stored one (cosine {_SIMILARITY}), "
            f"the stored one ranked first in {100 * own:.1f} %. The index has {sizes['index']} "
            f"({sizes['all']} with its table) and was built in {built:.0f} s.",
        )
    )


async def _fill(database: Database, places: Floats) -> float:
    """Store all voices. Return the seconds needed to build the index."""
    async with database.transaction() as connection:
        await connection.execute("DROP INDEX prototypes_192")
        await connection.execute(_MODEL)
        async with connection.cursor().copy(_PROFILES) as copy:
            for number in range(1, len(places) + 1):
                name = f"person {number} {_word(number)}"
                words = " ".join(f"'{word}':{at}A" for at, word in enumerate(name.split(), 1))
                await copy.write_row((name, name, "", True, name, words, 1))
        async with connection.cursor().copy(_PROTOTYPES) as copy:
            for number, place in enumerate(places, 1):
                text = "[" + ",".join(f"{value:.7g}" for value in place) + "]"
                await copy.write_row((number, 1, _DIMENSION, "bench", text))
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        began = time.perf_counter()
        await connection.execute(_INDEX)
        built = time.perf_counter() - began
        await connection.execute("ANALYZE prototypes")
        await connection.execute("ANALYZE profiles")
    return built


def _questions(places: Floats) -> Floats:
    """Return voices as similar to stored ones as two recordings of one person are."""
    random = np.random.default_rng(1)
    count = min(_QUESTIONS, len(places))
    other = random.standard_normal((count, _DIMENSION))
    own = places[:count]
    across = _units(other - np.sum(other * own, axis=1, keepdims=True) * own)
    return np.asarray(_SIMILARITY * own + np.sqrt(1 - _SIMILARITY**2) * across)


async def _ask(
    database: Database, questions: Floats, ask: Ask
) -> tuple[list[float], list[list[int]]]:
    seconds, answers = [], []
    for number, place in enumerate(questions):
        async with database.transaction() as connection:
            if number == 0:
                await ask(connection, place)  # warms up the caches
            began = time.perf_counter()
            answers.append(await ask(connection, place))
            seconds.append(time.perf_counter() - began)
    return seconds, answers


async def _nearest(connection: Connection, place: Floats) -> list[int]:
    found = await Prototypes(connection).nearest(1, place, _CANDIDATES, DEPLOYMENT)
    return [item.profile_id for item in found]


async def _nearest_exactly(connection: Connection, place: Floats) -> list[int]:
    await connection.execute("SET LOCAL enable_indexscan = off")
    return await _nearest(connection, place)


async def _recordings(database: Database, questions: Floats) -> list[float]:
    recognizer = VoiceRecognizer(database, VoiceSpaces({}), MatchPolicy())
    seconds = []
    for number in range(50):
        heard = [
            Voiceprint.of(place.tolist(), model="bench", version="1", seconds=9.0)
            for place in questions[4 * number : 4 * number + 4]
        ]
        voices = [
            Voice(label=f"Speaker_{at}", voiceprint=voiceprint, speech_seconds=9.0)
            for at, voiceprint in enumerate(heard)
        ]
        began = time.perf_counter()
        await recognizer.recognize(number + 1, voices, workspace_id="bench", pool=DEPLOYMENT)
        seconds.append(time.perf_counter() - began)
    return seconds


async def _words(database: Database) -> list[float]:
    seconds = []
    for number in range(1, 101):
        async with database.transaction() as connection:
            began = time.perf_counter()
            await Profiles(connection, DEPLOYMENT).search(
                _word(number)[:4], active_only=True, limit=50
            )
            seconds.append(time.perf_counter() - began)
    return seconds


async def _teach(database: Database, places: Floats) -> list[float]:
    seconds = []
    random = np.random.default_rng(2)
    for number in range(_TAUGHT):
        place = _units(random.standard_normal((1, _DIMENSION)))[0]
        async with database.transaction() as connection:
            described = Description(name=f"new {number}")
            profile = await Profiles(connection, DEPLOYMENT).add(
                described, kept=True, workspace_id=""
            )
            began = time.perf_counter()
            stored = Prototype(space="bench", place=(place + places[number]) / 2)
            await Prototypes(connection).replace(profile.profile_id, {1: stored})
            seconds.append(time.perf_counter() - began)
    return seconds


def _word(number: int) -> str:
    """Return a synthetic word, distinct for most numbers."""
    return "".join(chr(97 + (number * step) % 26) for step in (7, 11, 3, 17, 5, 19))


def _times(seconds: list[float]) -> list[str]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return [f"{p50:.1f} ms", f"{p95:.1f} ms"]


def _units(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


if __name__ == "__main__":
    main()
