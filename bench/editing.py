"""Speed of reading and editing a long transcript, next to the same in memory.

    python -m bench.editing [--words 100000] [--edits 10000]

Starts an embedded Postgres and stores one transcript. Times are medians of one call at a time.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

from common import logging
from common.postgres import Connection, Database, migrate
from common.settings import PostgresSettings
from devstack.testing import aembedded_servers
from transcriber.domain.transcripts import Segment, Transcript, TranscriptSpeaker, Word
from transcriber.editing import editor, history, views
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.history import Entry
from transcriber.editing.items import ItemId
from transcriber.editing.machine_version import items_of, word_id
from transcriber.editing.operations import ReplaceWords, SplitSegment
from transcriber.store.transcripts import Completion, Transcripts
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.stretches import Window

_OWNER = "bench"
_WORDS_PER_SEGMENT = 20
_CALLS = 100
#: Edits before earlier revisions are read again.
_MORE = 2000
_INSERT = """
INSERT INTO transcriptions (
    session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate, channels,
    source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers, status)
VALUES ('bench', 'bench', 'talk.wav', 1, 36000, 'wav', 'pcm', 16000, 1, 'source', '', '{}', 0, 0,
        0, 'processing')
RETURNING id
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure reading and editing of a transcript.")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--edits", type=int, default=10_000)
    options = parser.parse_args()
    logging.configure(service="bench", level="WARNING", style="console")
    segments = spoken(options.words)
    print(f"Transcript of {options.words} words in {len(segments)} segments\n")
    in_memory = _in_memory(segments, options.edits)
    asyncio.run(_stored(segments, in_memory))


def spoken(words: int) -> tuple[Segment, ...]:
    """Return a machine version with a number of words."""
    dice = random.Random(1)
    spoken = ["yes", "the", "meeting", "quarter", "patient", "of", "report", "and"]
    made = []
    for number in range(words // _WORDS_PER_SEGMENT):
        label = f"Speaker_{number % 4 + 1}"
        start = number * _WORDS_PER_SEGMENT * 0.36
        said = tuple(
            Word(
                text=dice.choice(spoken),
                start=start + place * 0.36,
                end=start + place * 0.36 + 0.3,
                probability=0.9,
                speakers=(label,),
            )
            for place in range(_WORDS_PER_SEGMENT)
        )
        made.append(
            Segment(
                label=label,
                text=" ".join(word.text for word in said),
                start=start,
                end=said[-1].end,
                confidence=0.9,
                language="en",
                words=said,
            )
        )
    return tuple(made)


def _in_memory(segments: tuple[Segment, ...], edits: int) -> float:
    """Print the replay of many edits. Return the seconds of one edit."""
    dice = random.Random(2)
    document = Document(items_of(segments, 1))
    batches: list[tuple[Entry, Effects]] = []
    begun = time.perf_counter()
    for number in range(edits):
        word = random_word(dice, len(segments))
        entry = Entry(revision=number + 2, author="bench")
        operation = ReplaceWords(first=word, last=word, text=f"word {number}")
        effects = editor.execute(
            document,
            [operation] if document.word(word).alive else [],
            base=number + 1,
            revision=entry.revision,
            author="bench",
            labels=(),
        )
        batches.append((entry, effects))
    each = (time.perf_counter() - begun) / edits
    tracemalloc.start()
    document = Document(items_of(segments, 1))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    document = Document(items_of(segments, 1))
    begun = time.perf_counter()
    for entry, effects in batches:
        history.replay(document, entry, effects)
    replayed = time.perf_counter() - begun
    begun = time.perf_counter()
    views.segments(document)
    shown = time.perf_counter() - begun
    print(f"in memory: one edit {each * 1e3:.2f} ms, {edits} edits replayed in {replayed:.2f} s,")
    print(f"           all segments shown in {shown:.2f} s, {held / 1e6:.0f} MB held\n")
    return each


async def _stored(segments: tuple[Segment, ...], in_memory: float) -> None:
    dice = random.Random(3)
    with tempfile.TemporaryDirectory() as directory:
        async with aembedded_servers(Path(directory)) as servers:
            url = servers.environment("transcriber")["DATABASE_URL"]
            database = Database(PostgresSettings(database_url=url))
            await database.open()
            try:
                await migrate(database, "transcriber")
                number = await _store(database, segments)
                await _report(database, number, len(segments), in_memory, dice)
            finally:
                await database.close()


async def _report(
    database: Database, number: int, segments: int, in_memory: float, dice: random.Random
) -> None:
    transcripts = TranscriptEditor(database)
    revision = 1

    async def page() -> None:
        async with database.transaction() as connection:
            await Transcripts(connection).between(
                number, start=0.0, end=None, words=True, offset=0, limit=200
            )

    async def replace() -> None:
        nonlocal revision
        word = random_word(dice, segments)
        operation = ReplaceWords(first=word, last=word, text=f"changed{revision}")
        edited = await transcripts.edit(number, _OWNER, "bench", [operation], base=revision)
        revision = edited.revision

    async def split() -> None:
        nonlocal revision
        word = word_id(1, dice.randrange(segments), _WORDS_PER_SEGMENT - 1 - revision % 15)
        edited = await transcripts.edit(
            number, _OWNER, "bench", [SplitSegment(word=word)], base=revision
        )
        revision = edited.revision

    async def undo() -> None:
        nonlocal revision
        revision = (await transcripts.undo(number, _OWNER, "bench")).revision

    async def past() -> None:
        await transcripts.past(number, _OWNER, max(1, revision - 5), Window(limit=200))

    async def middle() -> None:
        await transcripts.past(number, _OWNER, revision // 2, Window(offset=400, limit=200))

    print(f"{'stored':24}{'median':>10}{'p95':>10}{'in memory':>12}")
    for name, action, calls, reference in (
        ("first page with words", page, _CALLS, None),
        ("one edit", replace, _CALLS, in_memory),
        ("one split", split, _CALLS, None),
        ("one undo", undo, 50, None),
        ("page after the edits", page, _CALLS, None),
        ("page of a near revision", past, 20, None),
        ("page of a far revision", middle, 20, None),
        (f"{_MORE} more edits", replace, _MORE, None),
        ("page of a near revision", past, 20, None),
        ("page of a far revision", middle, 20, None),
    ):
        median, high = await _timed(action, calls)
        ratio = f"{median / reference:.0f} times" if reference else ""
        print(f"{name:24}{median * 1e3:7.1f} ms{high * 1e3:7.1f} ms{ratio:>12}")


async def _timed(action: Callable[[], Awaitable[None]], calls: int) -> tuple[float, float]:
    times = []
    for _ in range(calls):
        begun = time.perf_counter()
        await action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), sorted(times)[int(0.95 * (len(times) - 1))]


async def _store(database: Database, segments: tuple[Segment, ...]) -> int:
    async with database.transaction() as connection:
        row = await (await connection.execute(_INSERT.encode())).fetchone()
        assert row is not None
        number: int = row["id"]
        await complete(connection, number, segments)
    return number


async def complete(connection: Connection, number: int, segments: tuple[Segment, ...]) -> None:
    """Complete a transcription being processed."""
    await Transcripts(connection).replace(
        number,
        Completion(
            transcript=Transcript(segments=segments, speakers=(), confidence=0.9, language="en"),
            speakers=[
                TranscriptSpeaker(
                    label=f"Speaker_{place}",
                    segment_count=0,
                    total_duration=0.0,
                    average_confidence=0.0,
                )
                for place in range(1, 5)
            ],
            languages=(),
            warnings=(),
            speech_model="",
            diarization_model="",
            names_due=False,
            clips_due=False,
        ),
    )


def random_word(dice: random.Random, segments: int) -> ItemId:
    """Return a word other than the last of its segment."""
    return word_id(1, dice.randrange(segments), dice.randrange(_WORDS_PER_SEGMENT - 1))


if __name__ == "__main__":
    main()
