"""Edits of stored transcripts."""

import contextlib
import random
from collections.abc import Sequence
from unittest.mock import AsyncMock

import pytest

from common.errors import ApplicationError, NotFoundError, StateError, ValidationError
from common.postgres import Database
from tests.unit.transcriber.editing.transcripts import CONVERSATION, LABELS, Edited
from transcriber.domain.transcripts import Segment, Transcript, TranscriptSpeaker
from transcriber.editing import operations as ops
from transcriber.editing.errors import BuiltUponError, EditConflictError
from transcriber.editing.items import ItemId, SegmentItem, Times, WordItem
from transcriber.names.rules import group_by_name
from transcriber.store.transcripts import Completion, Transcripts
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.revisions import Revisions
from transcriber.transcripts.stretches import PastPage, Window

OWNER = "workspace"
_INSERT = """
INSERT INTO transcriptions (
    session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate, channels,
    source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers, status)
VALUES ('session', %s, 'talk.wav', 1, 60, 'wav', 'pcm', 16000, 1, 'source', '', '{}', 0, 0, 0,
        'processing')
RETURNING id
"""
_EVERY_SEGMENT = "SELECT text FROM segments WHERE transcription_id = %s ORDER BY position"


async def stored(database: Database, segments: Sequence[Segment] = CONVERSATION) -> int:
    """Store a transcript as the recognizer made it. Return the transcription's identifier."""
    labels = dict.fromkeys((*LABELS, *(segment.label for segment in segments)))
    async with database.transaction() as connection:
        cursor = await connection.execute(_INSERT.encode(), (OWNER,))
        row = await cursor.fetchone()
        assert row is not None
        completion = Completion(
            transcript=Transcript(
                segments=tuple(segments), speakers=(), confidence=0.9, language="en"
            ),
            speakers=[
                TranscriptSpeaker(
                    label=label, segment_count=0, total_duration=0.0, average_confidence=0.0
                )
                for label in labels
            ],
            languages=(),
            warnings=(),
            speech_model="",
            diarization_model="",
            names_due=False,
            clips_due=False,
        )
        transcription_id: int = row["id"]
        await Transcripts(connection).replace(transcription_id, completion)
    return transcription_id


async def shown(database: Database, transcription_id: int) -> list[Segment]:
    """Return the current revision as readers get it, with words."""
    async with database.transaction() as connection:
        return await Transcripts(connection).batch(
            transcription_id, words=True, first=0, limit=1000
        )


async def lines(database: Database, transcription_id: int) -> list[tuple[str, str]]:
    """Return speakers after merges, and texts."""
    async with database.transaction() as connection:
        speakers = (await Transcripts(connection).speakers([transcription_id]))[transcription_id]
    primary = group_by_name(speakers).primary
    return [
        (primary.get(segment.label, segment.label), segment.text)
        for segment in await shown(database, transcription_id)
    ]


@pytest.fixture
def editor(database: Database) -> TranscriptEditor:
    return TranscriptEditor(database)


async def test_edit_changes_what_is_read_and_not_the_machine_version(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    before = await shown(database, transcription_id)
    word = ItemId.parse(before[0].words[3].id)
    edited = await editor.edit(
        transcription_id,
        OWNER,
        "ann",
        [ops.ReplaceWords(first=word, last=word, text="is"), ops.SplitSegment(word=word)],
        base=1,
    )
    assert edited.revision == 2
    assert [view.text for view in edited.changed] == ["good morning how", "is you"]
    after = await shown(database, transcription_id)
    assert [segment.text for segment in after] == [
        "good morning how",
        "is you",
        "fine thanks and you",
        "very well indeed",
    ]
    assert (after[1].words[0].id, after[1].words[0].edited) == (str(word), True)
    assert after[1].words[1].id == before[0].words[4].id
    machine = await database.fetch_all(_EVERY_SEGMENT, (transcription_id,))
    assert [row["text"] for row in machine] == [segment.text for segment in CONVERSATION]


async def test_undo_redo_and_history(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    machine = await shown(database, transcription_id)
    word = ItemId.parse(machine[0].words[2].id)
    await editor.edit(transcription_id, OWNER, "ann", [ops.SplitSegment(word=word)], base=1)
    changed = await lines(database, transcription_id)
    undone = await editor.undo(transcription_id, OWNER, "ann")
    assert (undone.revision, undone.target) == (3, 2)
    assert await shown(database, transcription_id) == machine
    with pytest.raises(StateError):
        await editor.undo(transcription_id, OWNER, "ann")
    redone = await editor.redo(transcription_id, OWNER, "ann")
    assert (redone.revision, redone.target) == (4, 2)
    assert await lines(database, transcription_id) == changed
    history = await editor.history(transcription_id, OWNER, "ann")
    assert [(item.entry.revision, item.entry.kind) for item in history.entries] == [
        (2, "edit"),
        (3, "undo"),
        (4, "redo"),
    ]
    assert history.entries[0].operations == [ops.SplitSegment(word=word)]
    assert history.stacks.undo == (2,)


async def test_conflict_has_both_versions(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    word = ItemId.parse((await shown(database, transcription_id))[1].words[0].id)
    replacement = ops.ReplaceWords(first=word, last=word, text="great")
    await editor.edit(transcription_id, OWNER, "ann", [replacement], base=1)
    with pytest.raises(EditConflictError) as caught:
        await editor.edit(
            transcription_id, OWNER, "bob", [ops.DeleteWords(first=word, last=word)], base=1
        )
    assert caught.value.details == {
        "reason": "EDIT_CONFLICT",
        "revision": "2",
        "item_id": str(word),
        "current_text": "great thanks and you",
        "base_text": "fine thanks and you",
    }


async def test_conflict_about_a_note_names_it(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    word = ItemId.parse((await shown(database, transcription_id))[1].words[0].id)
    await editor.edit(
        transcription_id, OWNER, "ann", [ops.AddNote(first=word, last=word, text="a")], base=1
    )
    note = ItemId(2, 1)
    await editor.edit(transcription_id, OWNER, "ann", [ops.ChangeNote(note=note, text="b")], base=2)
    with pytest.raises(EditConflictError) as caught:
        await editor.edit(
            transcription_id, OWNER, "bob", [ops.ChangeNote(note=note, text="c")], base=2
        )
    assert caught.value.details["item_id"] == str(note)


async def test_conflict_about_a_speaker_names_it(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    merge = ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1")
    await editor.edit(transcription_id, OWNER, "ann", [merge], base=1)
    await editor.undo(transcription_id, OWNER, "ann")
    with pytest.raises(EditConflictError) as caught:
        await editor.edit(transcription_id, OWNER, "bob", [merge], base=1)
    assert caught.value.details["item_id"] == "Speaker_2"


async def test_identifiers_beyond_all_numbers_are_refused(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    for item in (ItemId(1, 10**30), ItemId(10**30, 1), ItemId(1, 2**31 * 100_000)):
        with pytest.raises(ValidationError):
            await editor.edit(
                transcription_id, OWNER, "ann", [ops.DeleteWords(first=item, last=item)], base=1
            )


async def test_large_batches_are_undone_at_once(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database, CONVERSATION * 40)
    before = await shown(database, transcription_id)
    words = [ItemId.parse(segment.words[0].id) for segment in before]
    batch = [ops.ReplaceWords(first=word, last=word, text="x y") for word in words]
    await editor.edit(transcription_id, OWNER, "ann", batch, base=1)
    assert all(s.text.startswith("x y ") for s in await shown(database, transcription_id))
    await editor.undo(transcription_id, OWNER, "ann")
    assert [s.text for s in await shown(database, transcription_id)] == [s.text for s in before]


async def test_restoring_stores_only_the_segments_that_differ(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = ItemId.parse((await shown(database, transcription_id))[0].words[2].id)
    await editor.edit(transcription_id, OWNER, "ann", [ops.SplitSegment(word=word)], base=1)
    await editor.restore(transcription_id, OWNER, "ann", 1)
    rows = await database.fetch_all(
        "SELECT item FROM edited_segments WHERE transcription_id = %s", (transcription_id,)
    )
    assert [row["item"] for row in rows] == ["1.0"]
    assert await lines(database, transcription_id) == [
        (segment.label, segment.text) for segment in CONVERSATION
    ]


async def test_repeated_request_is_executed_once(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    segment = ItemId.parse((await shown(database, transcription_id))[0].id)
    insertion = [ops.InsertWords(segment=segment, after=None, text="oh")]
    for _ in range(2):
        edited = await editor.edit(
            transcription_id, OWNER, "ann", insertion, base=1, request_id="key"
        )
        assert edited.revision == 2
    assert (await lines(database, transcription_id))[0][1] == "oh good morning how are you"


async def test_others_and_unknown_revisions_are_refused(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    segment = ItemId.parse((await shown(database, transcription_id))[0].id)
    star = [ops.SetStarred(segment=segment, starred=True)]
    with pytest.raises(NotFoundError):
        await editor.edit(transcription_id, "another workspace", "ann", star, base=1)
    for call in (editor.undo, editor.redo, editor.history):
        with pytest.raises(NotFoundError):
            await call(transcription_id, "another workspace", "ann")
    with pytest.raises(NotFoundError):
        await editor.past(transcription_id, OWNER, 2, Window())
    with pytest.raises(ValidationError):
        await editor.edit(transcription_id, OWNER, "ann", star, base=2)


async def test_speakers_are_counted_again(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    words = (await shown(database, transcription_id))[1].words
    first, last = ItemId.parse(words[0].id), ItemId.parse(words[-1].id)
    await editor.edit(
        transcription_id,
        OWNER,
        "ann",
        [ops.SetSpeaker(first=first, last=last, speaker="")],
        base=1,
    )
    async with database.transaction() as connection:
        speakers = (await Transcripts(connection).speakers([transcription_id]))[transcription_id]
    counts = {speaker.label: speaker.segment_count for speaker in speakers}
    assert counts == {"Speaker_1": 2, "Speaker_2": 0, "Speaker_3": 0, "Speaker_4": 1}
    assert await lines(database, transcription_id) == [
        ("Speaker_1", "good morning how are you"),
        ("Speaker_4", "fine thanks and you"),
        ("Speaker_1", "very well indeed"),
    ]


async def test_new_transcript_ends_edits(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    segment = ItemId.parse((await shown(database, transcription_id))[0].id)
    note = ops.SetStarred(segment=segment, starred=True)
    await editor.edit(transcription_id, OWNER, "ann", [note], base=1)
    async with database.transaction() as connection:
        await Transcripts(connection).replace(
            transcription_id,
            Completion(
                transcript=Transcript(
                    segments=CONVERSATION[:1], speakers=(), confidence=0.9, language="en"
                ),
                speakers=(),
                languages=(),
                warnings=(),
                speech_model="",
                diarization_model="",
                names_due=False,
                clips_due=False,
            ),
        )
    after = await shown(database, transcription_id)
    assert [(item.text, item.starred) for item in after] == [("good morning how are you", False)]
    assert after[0].id.startswith("3.")
    with pytest.raises(StateError):
        await editor.undo(transcription_id, OWNER, "ann")


@pytest.mark.parametrize("seed", range(6))
async def test_stored_transcript_is_like_one_in_memory(
    database: Database, editor: TranscriptEditor, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    transcription_id = await stored(database)
    memory = Edited()
    succeeded = 0
    for _ in range(40):
        author = dice.choice(["ann", "bob"])
        action = dice.choice(["edit", "edit", "edit", "undo", "redo"])
        if action == "edit":
            batch = [random_operation(dice, memory) for _ in range(dice.randint(1, 2))]
            base = dice.randint(max(1, memory.revision - 3), memory.revision)
            refusal: type[ApplicationError] | None = None
            try:
                if not memory.edit(*batch, base=base, author=author):
                    memory.entries.pop()
            except ApplicationError as error:
                refusal = type(error)
            if refusal is None:
                await editor.edit(transcription_id, OWNER, author, batch, base=base)
                succeeded += 1
            else:
                with pytest.raises(refusal):
                    await editor.edit(transcription_id, OWNER, author, batch, base=base)
        else:
            done = False
            with contextlib.suppress(ApplicationError):
                done = memory.undo(author) if action == "undo" else memory.redo(author)
            toggle = editor.undo if action == "undo" else editor.redo
            if done:
                await toggle(transcription_id, OWNER, author)
            else:
                with pytest.raises((StateError, BuiltUponError, ValidationError)):
                    await toggle(transcription_id, OWNER, author)
        await compare(database, editor, transcription_id, memory)
    assert succeeded > 5
    for near in (True, False):
        monkeypatch.setattr(Revisions, "_is_near_newest", AsyncMock(return_value=near))
        for revision in range(1, memory.revision + 1):
            await compare_past(editor, transcription_id, memory, revision)
    for revision in dice.sample(range(1, memory.revision + 1), 6):
        restored = await editor.restore(transcription_id, OWNER, "ann", revision)
        page = await editor.past(transcription_id, OWNER, restored.revision, Window())
        assert [(row.id, row.text) for row in await shown(database, transcription_id)] == [
            (row.id, row.text) for row in page.segments
        ]
        assert [
            (row.id, _speaker(row, page), row.text, row.reviewed, row.starred)
            for row in page.segments
        ] == [
            (str(view.id), view.label, view.text, view.reviewed, view.starred)
            for view in memory.segments(revision)
        ]


@pytest.mark.parametrize("near", [True, False])
async def test_times_measured_before_an_undo_are_those_of_their_revision(
    database: Database, editor: TranscriptEditor, monkeypatch: pytest.MonkeyPatch, *, near: bool
) -> None:
    monkeypatch.setattr(Revisions, "_is_near_newest", AsyncMock(return_value=near))
    transcription_id = await stored(database)
    word = ItemId.parse((await shown(database, transcription_id))[0].words[1].id)
    replacement = ops.ReplaceWords(first=word, last=word, text="evening")
    measured = ops.SetTimes(times=((word, Times(0.55, 0.7)),))
    await editor.edit(transcription_id, OWNER, "ann", [replacement], base=1)
    await editor.edit(transcription_id, OWNER, "", [measured], base=2)
    await editor.undo(transcription_id, OWNER, "ann")
    await editor.redo(transcription_id, OWNER, "ann")
    times = []
    for revision in range(1, 6):
        page = await editor.past(transcription_id, OWNER, revision, Window())
        times.append((page.segments[0].words[1].start, page.segments[0].words[1].end))
    assert times == [(0.5, 0.9), (0.5, 0.9), (0.55, 0.7), (0.5, 0.9), (0.5, 0.9)]


async def compare(
    database: Database, editor: TranscriptEditor, transcription_id: int, memory: Edited
) -> None:
    """Assert that rows and history give the same transcript as the one in memory."""
    assert await lines(database, transcription_id) == memory.lines()
    rows = await shown(database, transcription_id)
    for row, view in zip(rows, memory.segments(), strict=True):
        assert (row.id, row.text, row.reviewed, row.starred) == (
            str(view.id),
            view.text,
            view.reviewed,
            view.starred,
        )
        assert (row.start, row.end) == pytest.approx((view.start, view.end), abs=1e-5)
        assert row.confidence == pytest.approx(view.confidence)
        assert [(word.id, word.text, word.edited) for word in row.words] == [
            (str(word.id), word.text, word.probability is None) for word in view.words
        ]


async def compare_past(
    editor: TranscriptEditor, transcription_id: int, memory: Edited, revision: int
) -> None:
    """Assert that a past revision is the same as the one in memory, whole and in pages."""
    expected = memory.segments(revision)
    page = await editor.past(transcription_id, OWNER, revision, Window())
    for row, view in zip(page.segments, expected, strict=True):
        assert (row.id, _speaker(row, page), row.text, row.reviewed, row.starred, row.channel) == (
            str(view.id),
            view.label,
            view.text,
            view.reviewed,
            view.starred,
            view.channel,
        )
        assert [(word.id, word.text, word.edited) for word in row.words] == [
            (str(word.id), word.text, word.probability is None) for word in view.words
        ]
        assert [time for word in row.words for time in (word.start, word.end)] == pytest.approx(
            [time for word in view.words for time in (word.start, word.end)], abs=1e-5
        )
        assert (row.start, row.end) == pytest.approx((view.start, view.end), abs=1e-5)
    window = Window(start=1.0, end=6.5, offset=1, limit=2, words=False)
    part = await editor.past(transcription_id, OWNER, revision, window)
    matching = [view.text for view in expected if view.end > 1.0 and view.start < 6.5]
    assert part.total == len(matching)
    assert [segment.text for segment in part.segments] == matching[1:3]
    assert not any(segment.words for segment in part.segments)


def _speaker(row: Segment, page: PastPage) -> str:
    """Return the label of the speaker of a segment after merges."""
    label = row.label
    while page.merges[label]:
        label = page.merges[label]
    return label


def random_operation(dice: random.Random, memory: Edited) -> ops.Operation:
    """Return an operation on items of a transcript, dead ones included."""
    document = memory.document()
    words = [item.id for item in document if isinstance(item, WordItem)]
    parts = [item.id for item in document if isinstance(item, SegmentItem)]
    place = dice.randrange(len(words))
    first, last = words[place], words[min(len(words) - 1, place + dice.randint(0, 3))]
    part, label = dice.choice(parts), dice.choice(LABELS)
    text = " ".join(
        dice.choice(["yes", "no", "fine", "你好", "you"]) for _ in range(dice.randint(1, 3))
    )
    following = parts[min(len(parts) - 1, parts.index(part) + 1)]
    operations: list[ops.Operation] = [
        ops.ReplaceWords(first=first, last=last, text=text),
        ops.DeleteWords(first=first, last=last),
        ops.InsertWords(segment=part, after=None, text=text),
        ops.InsertWords(segment=document.segment_of(first).id, after=first, text=text),
        ops.SplitSegment(word=first),
        ops.MergeSegments(first=part, second=following),
        ops.MoveEdges(segment=part, start=dice.uniform(0, 5), end=dice.uniform(5, 9)),
        ops.SetSpeaker(first=first, last=last, speaker=label),
        ops.MergeSpeakers(speaker=label, into=dice.choice(LABELS)),
        ops.SetReviewed(segment=part, reviewed=dice.random() < 0.5),
        ops.SetStarred(segment=part, starred=dice.random() < 0.5),
    ]
    return dice.choice(operations)
