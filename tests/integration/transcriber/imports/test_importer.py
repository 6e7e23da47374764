"""Imports into stored transcripts."""

import pytest

from common.errors import ConflictError, NotFoundError, ValidationError
from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import OWNER, lines, shown, stored
from tests.unit.transcriber.editing.transcripts import CONVERSATION
from tests.unit.transcriber.imports.test_batch import SRT, VTT
from transcriber.imports.content import ImportFormat
from transcriber.imports.importer import ImportRequest, TranscriptImporter
from transcriber.store.word_times import WordTimes
from transcriber.transcripts.comparisons import Comparisons, Cursor
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.stretches import Window

_PENDING = """
INSERT INTO transcriptions (
    session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate, channels,
    source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers, status)
VALUES ('session', %s, 'talk.wav', 1, 60, 'wav', 'pcm', 16000, 1, 'source', 'en', '{}', 0, 0, 0,
        'pending')
RETURNING id
"""
_STATE = "SELECT status, revision, machine_revision, measured_revision FROM transcriptions"
_JOB = """
INSERT INTO jobs (
    job_id, transcription_id, session_id, workspace_id, status, priority, current_step)
VALUES ('job_1', %s, 'session', %s, 'processing', 5, '')
"""
_FOUND = "SELECT text FROM search_segments WHERE transcription_id = %s AND kind = 'segment'"


@pytest.fixture
def importer(database: Database) -> TranscriptImporter:
    return TranscriptImporter(database)


@pytest.fixture
def editor(database: Database) -> TranscriptEditor:
    return TranscriptEditor(database)


async def pending(database: Database) -> int:
    """Store a recording without a transcript."""
    async with database.transaction() as connection:
        cursor = await connection.execute(_PENDING.encode(), (OWNER,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


def request(text: str, **more: object) -> ImportRequest:
    return ImportRequest(content=text.encode(), **more)  # type: ignore[arg-type]


async def texts(database: Database, transcription_id: int) -> list[str]:
    return [segment.text for segment in await shown(database, transcription_id)]


async def test_an_import_is_a_revision_with_undo_redo_and_restoration(
    database: Database, importer: TranscriptImporter, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    before = await lines(database, transcription_id)
    made = await importer.import_file(transcription_id, OWNER, "ann", request(SRT))
    assert (made.revision, made.format, made.segments, made.words, made.kept) == (
        2,
        ImportFormat.SRT,
        3,
        11,
        10,
    )
    assert made.aligns
    after = await lines(database, transcription_id)
    assert after == [
        ("Speaker_1", "Good morning, how were you?"),
        ("Speaker_2", "Fine, thanks. And you?"),
        ("Speaker_1", "Very well."),
    ]
    await editor.undo(transcription_id, OWNER, "ann")
    assert await lines(database, transcription_id) == before
    await editor.redo(transcription_id, OWNER, "ann")
    assert await lines(database, transcription_id) == after
    await editor.restore(transcription_id, OWNER, "bob", 1)
    assert await lines(database, transcription_id) == before
    found = await database.fetch_all(_FOUND, (transcription_id,))
    past = await editor.past(transcription_id, OWNER, 2, Window())
    assert [segment.text for segment in past.segments] == [text for _, text in after]
    assert {row["text"] for row in found} <= {text for _, text in before}


async def test_an_import_is_compared_with_the_machine_version(
    database: Database, importer: TranscriptImporter
) -> None:
    transcription_id = await stored(database)
    await importer.import_file(transcription_id, OWNER, "ann", request(SRT))
    found = await Comparisons(database).compare(transcription_id, OWNER, (1, 2), Cursor(), limit=10)
    replaced = [
        (piece.before.text, piece.after.text)
        for one in found.differences
        for piece in one.pieces
        if piece.kind == "replaced"
    ]
    assert (" are", " were") in replaced or any("were" in after for _, after in replaced)


async def test_a_recording_without_a_transcript_gets_one(
    database: Database, importer: TranscriptImporter, editor: TranscriptEditor
) -> None:
    transcription_id = await pending(database)
    made = await importer.import_file(transcription_id, OWNER, "ann", request(VTT))
    assert (made.revision, made.kept) == (2, 0)
    (state,) = await database.fetch_all(_STATE)
    assert (state["status"], state["revision"], state["machine_revision"]) == ("completed", 2, 1)
    after = await lines(database, transcription_id)
    assert [text for _, text in after] == [
        "Good morning how are you",
        "fine thanks and you",
        "very well indeed",
    ]
    assert len({label for label, _ in after}) == 2
    past = await editor.past(transcription_id, OWNER, 1, Window())
    assert not past.segments
    await editor.undo(transcription_id, OWNER, "ann")
    assert not await lines(database, transcription_id)
    past = await editor.past(transcription_id, OWNER, 2, Window())
    assert [segment.text for segment in past.segments] == [text for _, text in after]
    await editor.redo(transcription_id, OWNER, "ann")
    assert await lines(database, transcription_id) == after
    history = await editor.history(transcription_id, OWNER, "ann")
    assert history.stacks.undo == (2,)


async def test_speakers_of_a_first_import_are_stored_with_their_names(
    database: Database, importer: TranscriptImporter
) -> None:
    transcription_id = await pending(database)
    await importer.import_file(transcription_id, OWNER, "ann", request(VTT))
    rows = await database.fetch_all(
        "SELECT label, name, name_source, speaker_id, segment_count FROM transcript_speakers "
        "ORDER BY position"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("Speaker_1", "Ada", "confirmed", 0, 2),
        ("Speaker_2", "", "none", 0, 1),
    ]


async def test_words_with_times_are_not_measured_unless_asked(
    database: Database, importer: TranscriptImporter
) -> None:
    words = "x 1 0.5 0.5 Hello 0.9\nx 1 1.0 0.5 there\n"
    for align, expected in ((None, 2), (True, 0), (False, 2)):
        transcription_id = await pending(database)
        made = await importer.import_file(
            transcription_id, OWNER, "ann", request(words, align=align)
        )
        assert made.aligns is bool(align)
        async with database.transaction() as connection:
            assert await WordTimes(connection).measured(transcription_id) == expected


async def test_turns_give_words_to_other_speakers(
    database: Database, importer: TranscriptImporter
) -> None:
    transcription_id = await stored(database)
    turns = "SPEAKER x 1 0 9 <NA> <NA> Cleo <NA> <NA>\n"
    made = await importer.import_file(transcription_id, OWNER, "ann", request(turns))
    assert made.format is ImportFormat.RTTM
    after = await lines(database, transcription_id)
    assert len({label for label, _ in after}) == 1
    assert [text for _, text in after] == [segment.text for segment in CONVERSATION]


async def test_a_repeated_request_imports_once(
    database: Database, importer: TranscriptImporter
) -> None:
    transcription_id = await pending(database)
    one = await importer.import_file(
        transcription_id, OWNER, "ann", request(VTT, request_id="once")
    )
    two = await importer.import_file(
        transcription_id, OWNER, "ann", request(VTT, request_id="once")
    )
    assert one.revision == two.revision == 2


async def test_refusals_leave_everything_as_it_was(
    database: Database, importer: TranscriptImporter
) -> None:
    transcription_id = await stored(database)
    with pytest.raises(NotFoundError):
        await importer.import_file(transcription_id, "other", "ann", request(SRT))
    with pytest.raises(ConflictError, match="The newest revision is 1"):
        await importer.import_file(transcription_id, OWNER, "ann", request(SRT, base=7))
    with pytest.raises(ValidationError):
        await importer.import_file(transcription_id, OWNER, "ann", request("nothing"))
    empty = await pending(database)
    turns = "SPEAKER x 1 0 9 <NA> <NA> Cleo <NA> <NA>\n"
    with pytest.raises(ValidationError, match="no words"):
        await importer.import_file(empty, OWNER, "ann", request(turns))
    rows = await database.fetch_all(f"{_STATE} ORDER BY id")
    assert [(row["status"], row["revision"]) for row in rows] == [("completed", 1), ("pending", 1)]


async def test_a_recording_that_is_processed_is_refused(
    database: Database, importer: TranscriptImporter
) -> None:
    transcription_id = await stored(database)
    await database.execute(_JOB, (transcription_id, OWNER))
    with pytest.raises(ConflictError) as caught:
        await importer.import_file(transcription_id, OWNER, "ann", request(SRT))
    assert caught.value.details["job_id"] == "job_1"
