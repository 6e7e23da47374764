"""Edits of stored transcripts across machine versions."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from common.errors import NotFoundError, StateError, ValidationError
from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import (
    OWNER,
    lines,
    shown,
    stored,
)
from tests.unit.transcriber.editing.transcripts import CONVERSATION, LABELS, segment
from transcriber.domain.transcripts import Segment, Transcript, TranscriptSpeaker
from transcriber.editing import operations as ops
from transcriber.editing.conflicts import ConflictKind
from transcriber.editing.errors import EditConflictError
from transcriber.editing.items import ItemId
from transcriber.store.conflicts import ListedConflict
from transcriber.store.edit_history import Head
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Completion, Transcripts
from transcriber.transcripts import kept_edits
from transcriber.transcripts.conflict_resolution import MACHINE, MINE, ConflictResolver, Place
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.stretches import Window

#: Another run of the recognizer. It hears other words, and finds the speakers the other way round.
OTHER = (
    segment("Speaker_2", "good mourning how are you", 0.0),
    segment("Speaker_1", "find tanks and you", 3.0),
    segment("Speaker_2", "very well in deed", 6.0),
)


async def reprocess(
    database: Database, transcription_id: int, segments: Sequence[Segment] = OTHER
) -> int:
    """Store a new machine version as the completion of a job does. Return its revision."""
    async with database.transaction() as connection:
        before = await Transcriptions(connection).lock(transcription_id)
        assert before is not None
        kept = await kept_edits.keep(connection, before)
        assert kept is not None
        completion = Completion(
            transcript=Transcript(
                segments=tuple(segments), speakers=(), confidence=0.9, language="en"
            ),
            speakers=[
                TranscriptSpeaker(
                    label=label, segment_count=0, total_duration=0.0, average_confidence=0.0
                )
                for label in LABELS
            ],
            languages=(),
            warnings=(),
            speech_model="",
            diarization_model="",
            names_due=False,
            clips_due=False,
        )
        moment = await Transcripts(connection).replace(transcription_id, completion)
        first = before.revision + 1
        head = Head(revision=first, machine_revision=first, transcript_at=moment)
        await kept.repeat(connection, transcription_id, head)
    return first


async def past(
    editor: TranscriptEditor, transcription_id: int, revision: int
) -> list[tuple[str, str]]:
    """Return labels and texts of an earlier revision."""
    page = await editor.past(transcription_id, OWNER, revision, Window())
    return [(item.label, item.text) for item in page.segments]


async def conflicts(database: Database, transcription_id: int) -> list[ListedConflict]:
    """Return all conflicts."""
    page = await ConflictResolver(database).page(
        transcription_id, OWNER, resolved=True, limit=100, offset=0
    )
    return list(page.conflicts)


@pytest.fixture
def editor(database: Database) -> TranscriptEditor:
    return TranscriptEditor(database)


async def word_of(database: Database, transcription_id: int, text: str) -> ItemId:
    return next(
        ItemId.parse(word.id)
        for found in await shown(database, transcription_id)
        for word in found.words
        if word.text == text
    )


async def test_edits_are_repeated_and_earlier_revisions_stay(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "are")
    replacement = ops.ReplaceWords(first=word, last=word, text="were")
    await editor.edit(transcription_id, OWNER, "ann", [replacement], base=1, request_id="key")
    last = await word_of(database, transcription_id, "very")
    note = ops.AddNote(first=last, last=last, text="really")
    await editor.edit(transcription_id, OWNER, "bob", [note], base=2)
    first = await reprocess(database, transcription_id)
    assert first == 4
    assert [text for _, text in await lines(database, transcription_id)] == [
        "good mourning how were you",
        "find tanks and you",
        "very well in deed",
    ]
    history = await editor.history(transcription_id, OWNER, "ann")
    assert [revision for revision, _ in history.versions] == [1]
    assert [(e.entry.revision, e.entry.author, e.source) for e in history.entries] == [
        (2, "ann", 0),
        (3, "bob", 0),
        (5, "ann", 2),
        (6, "bob", 3),
    ]
    assert history.entries[2].created_at == history.entries[0].created_at
    assert history.stacks.undo == (5,)
    # The labels are those of the same voices in the newest version.
    assert await past(editor, transcription_id, 1) == [
        (item.label, item.text)
        for item in (
            replace(found, label={"Speaker_1": "Speaker_2"}.get(found.label, "Speaker_1"))
            for found in CONVERSATION
        )
    ]
    assert (await past(editor, transcription_id, 2))[0][1] == "good morning how were you"
    assert (await past(editor, transcription_id, 4))[0][1] == "good mourning how are you"
    page = await editor.past(transcription_id, OWNER, 1, Window(start=2.9, end=6.0, limit=1))
    assert ([item.text for item in page.segments], page.total) == (["fine thanks and you"], 1)
    with pytest.raises(NotFoundError):
        await past(editor, transcription_id, 7)
    # A request that was answered before is not executed again.
    again = await editor.edit(
        transcription_id, OWNER, "ann", [replacement], base=1, request_id="key"
    )
    assert again.revision == 2


async def test_authors_undo_repeated_edits(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "how")
    await editor.edit(transcription_id, OWNER, "ann", [ops.SplitSegment(word=word)], base=1)
    merge = ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1")
    await editor.edit(transcription_id, OWNER, "bob", [merge], base=2)
    await reprocess(database, transcription_id)
    assert await lines(database, transcription_id) == [
        ("Speaker_2", "good mourning"),
        ("Speaker_2", "how are you"),
        ("Speaker_2", "find tanks and you"),
        ("Speaker_2", "very well in deed"),
    ]
    # Named by its revision from before.
    await editor.undo_batch(transcription_id, OWNER, "ann", 2)
    await editor.undo(transcription_id, OWNER, "bob")
    assert await lines(database, transcription_id) == [(s.label, s.text) for s in OTHER]
    with pytest.raises(StateError):
        await editor.undo(transcription_id, OWNER, "ann")


async def test_revision_of_an_earlier_version_is_restored_and_the_restoration_undone(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "fine")
    replacement = ops.ReplaceWords(first=word, last=word, text="just fine")
    await editor.edit(transcription_id, OWNER, "ann", [replacement], base=1)
    await reprocess(database, transcription_id)
    newest = await lines(database, transcription_id)
    restored = await editor.restore(transcription_id, OWNER, "ann", 2)
    assert await lines(database, transcription_id) == [
        ("Speaker_2", "good morning how are you"),
        ("Speaker_1", "just fine thanks and you"),
        ("Speaker_2", "very well indeed"),
    ]
    assert (await past(editor, transcription_id, restored.revision - 1)) == newest
    word = await word_of(database, transcription_id, "very")
    edit = ops.ReplaceWords(first=word, last=word, text="quite")
    await editor.edit(transcription_id, OWNER, "ann", [edit], base=restored.revision)
    assert (await lines(database, transcription_id))[2] == ("Speaker_2", "quite well indeed")
    await editor.restore(transcription_id, OWNER, "ann", 1)
    assert [text for _, text in await lines(database, transcription_id)] == [
        item.text for item in CONVERSATION
    ]
    for _ in range(3):
        await editor.undo(transcription_id, OWNER, "ann")
    assert await lines(database, transcription_id) == newest
    again = await reprocess(database, transcription_id, CONVERSATION)
    assert again > restored.revision
    assert (await lines(database, transcription_id))[1][1] == "just fine thanks and you"


async def test_restored_revisions_are_read_later(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "fine")
    replacement = ops.ReplaceWords(first=word, last=word, text="just fine")
    await editor.edit(transcription_id, OWNER, "ann", [replacement], base=1)
    await reprocess(database, transcription_id)
    states = {}
    revision = (await editor.restore(transcription_id, OWNER, "ann", 2)).revision
    states[revision] = await lines(database, transcription_id)
    for text in ("good", "thanks", "very", "indeed", "well", "how"):
        word = await word_of(database, transcription_id, text)
        operations: list[ops.Operation] = [ops.ReplaceWords(first=word, last=word, text="x y")]
        if text in {"thanks", "indeed", "how"}:
            operations.insert(0, ops.SplitSegment(word=word))
        edited = await editor.edit(transcription_id, OWNER, "ann", operations, base=revision)
        revision = edited.revision
        states[revision] = await lines(database, transcription_id)
    revision = (await editor.restore(transcription_id, OWNER, "ann", 4)).revision
    states[revision] = await lines(database, transcription_id)
    restored = states[revision]
    await editor.undo(transcription_id, OWNER, "ann")
    assert await lines(database, transcription_id) == states[revision - 1]
    await editor.redo(transcription_id, OWNER, "ann")
    assert await lines(database, transcription_id) == restored
    for revision, state in states.items():
        assert await past(editor, transcription_id, revision) == state


async def test_conflict_is_resolved_for_the_machine(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    first = await word_of(database, transcription_id, "fine")
    last = await word_of(database, transcription_id, "thanks")
    replacement = ops.ReplaceWords(first=first, last=last, text="well thank you")
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    await reprocess(database, transcription_id)
    before = await lines(database, transcription_id)
    assert before[1][1] == "well thank you and you"
    (listed,) = await conflicts(database, transcription_id)
    assert (listed.conflict.was, listed.conflict.mine, listed.conflict.machine) == (
        "fine thanks",
        "well thank you",
        "find tanks",
    )
    assert (listed.author, listed.conflict.source, listed.machine_revision) == (OWNER, 2, 3)
    resolver = ConflictResolver(database)
    resolved = await resolver.resolve(
        transcription_id, listed.conflict_id, OWNER, OWNER, use=MACHINE, place=Place()
    )
    assert (resolved.conflict.resolved, resolved.revision) == (MACHINE, 5)
    assert (await lines(database, transcription_id))[1][1] == "find tanks and you"
    with pytest.raises(StateError, match="resolved"):
        await resolver.resolve(
            transcription_id, listed.conflict_id, OWNER, OWNER, use=MINE, place=Place()
        )
    await editor.undo(transcription_id, OWNER, OWNER)
    assert await lines(database, transcription_id) == before


async def test_deleted_words_come_back_for_the_machine(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "indeed")
    deletion = ops.DeleteWords(first=word, last=word)
    await editor.edit(transcription_id, OWNER, OWNER, [deletion], base=1)
    await reprocess(database, transcription_id)
    assert (await lines(database, transcription_id))[2][1] == "very well deed"
    (listed,) = await conflicts(database, transcription_id)
    assert (listed.conflict.mine, listed.conflict.machine) == ("", "in")
    await ConflictResolver(database).resolve(
        transcription_id, listed.conflict_id, OWNER, OWNER, use=MACHINE, place=Place()
    )
    assert (await lines(database, transcription_id))[2][1] == "very well in deed"


async def test_words_without_a_place_are_given_one(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "very")
    replacement = ops.ReplaceWords(first=word, last=word, text="really quite")
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    await reprocess(database, transcription_id, OTHER[:1])
    (listed,) = await conflicts(database, transcription_id)
    assert (listed.conflict.kind, listed.conflict.placed) == (ConflictKind.WORDS, False)
    resolver = ConflictResolver(database)
    with pytest.raises(ValidationError):
        await resolver.resolve(
            transcription_id, listed.conflict_id, OWNER, OWNER, use=MINE, place=Place()
        )
    after = await word_of(database, transcription_id, "you")
    await resolver.resolve(
        transcription_id, listed.conflict_id, OWNER, OWNER, use=MINE, place=Place(after=after)
    )
    assert (await lines(database, transcription_id))[0][1] == (
        "good mourning how are you really quite"
    )
    with pytest.raises(NotFoundError):
        await resolver.resolve(
            transcription_id, listed.conflict_id, "another", "another", use=MINE, place=Place()
        )
    with pytest.raises(NotFoundError):
        await resolver.page(transcription_id, "another", resolved=True, limit=1, offset=0)


async def test_words_that_changed_again_are_not_overwritten(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "fine")
    replacement = ops.ReplaceWords(first=word, last=word, text="great")
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    first = await reprocess(database, transcription_id)
    word = await word_of(database, transcription_id, "great")
    later = ops.ReplaceWords(first=word, last=word, text="grand")
    await editor.edit(transcription_id, OWNER, "bob", [later], base=first + 1)
    (listed,) = await conflicts(database, transcription_id)
    with pytest.raises(EditConflictError):
        await ConflictResolver(database).resolve(
            transcription_id, listed.conflict_id, OWNER, OWNER, use=MACHINE, place=Place()
        )


async def test_conflict_survives_what_leaves_the_words_as_they_were(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "fine")
    replacement = ops.ReplaceWords(first=word, last=word, text="great")
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    newest = await reprocess(database, transcription_id) + 1
    (listed,) = await conflicts(database, transcription_id)
    await editor.restore(transcription_id, OWNER, OWNER, 1)
    await editor.undo(transcription_id, OWNER, OWNER)
    resolved = await ConflictResolver(database).resolve(
        transcription_id, listed.conflict_id, OWNER, OWNER, use=MACHINE, place=Place()
    )
    assert resolved.revision == newest + 3
    assert (await lines(database, transcription_id))[1][1] == "find tanks and you"


@pytest.mark.parametrize("text", ["great", ""])
async def test_conflict_of_an_undone_edit_is_closed(
    database: Database, editor: TranscriptEditor, text: str
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "fine")
    replacement = ops.ReplaceWords(first=word, last=word, text=text)
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    await reprocess(database, transcription_id)
    (listed,) = await conflicts(database, transcription_id)
    undone = await editor.undo(transcription_id, OWNER, OWNER)
    before = await lines(database, transcription_id)
    resolved = await ConflictResolver(database).resolve(
        transcription_id, listed.conflict_id, OWNER, OWNER, use=MACHINE, place=Place()
    )
    assert (resolved.conflict.resolved, resolved.revision) == (MACHINE, undone.revision)
    assert await lines(database, transcription_id) == before


async def test_placed_conflicts_are_closed_by_the_next_machine_version(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "fine")
    replacement = ops.ReplaceWords(first=word, last=word, text="great")
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    await reprocess(database, transcription_id)
    await reprocess(database, transcription_id)
    (listed,) = await conflicts(database, transcription_id)
    assert listed.resolved == MINE
    assert "great" in (await lines(database, transcription_id))[1][1]


async def test_words_without_a_place_are_not_lost_by_the_next_machine_version(
    database: Database, editor: TranscriptEditor
) -> None:
    transcription_id = await stored(database)
    word = await word_of(database, transcription_id, "very")
    replacement = ops.ReplaceWords(first=word, last=word, text="really quite")
    await editor.edit(transcription_id, OWNER, OWNER, [replacement], base=1)
    await reprocess(database, transcription_id, OTHER[:1])
    await reprocess(database, transcription_id)
    (listed,) = [one for one in await conflicts(database, transcription_id) if not one.resolved]
    assert listed.conflict.mine == "really quite"
    after = await word_of(database, transcription_id, "well")
    await ConflictResolver(database).resolve(
        transcription_id, listed.conflict_id, OWNER, OWNER, use=MINE, place=Place(after=after)
    )
    assert "really quite" in (await lines(database, transcription_id))[2][1]


async def test_names_follow_the_voices(database: Database, editor: TranscriptEditor) -> None:
    transcription_id = await stored(database)
    names = ops.AssignNames(names={"Speaker_1": "Ada"})
    await editor.edit(transcription_id, OWNER, OWNER, [names], base=1)
    await reprocess(database, transcription_id)
    async with database.transaction() as connection:
        found = (await Transcripts(connection).speakers([transcription_id]))[transcription_id]
    assert {speaker.label: speaker.name for speaker in found} == {
        "Speaker_1": "",
        "Speaker_2": "Ada",
        "Speaker_3": "",
    }
