"""Comparison of stored revisions."""

import contextlib
import itertools
import random
from unittest.mock import AsyncMock

import pytest

from common.errors import ApplicationError, NotFoundError, ValidationError
from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import (
    OWNER,
    random_operation,
    shown,
    stored,
)
from tests.integration.transcriber.transcripts.test_kept_edits import reprocess
from tests.unit.transcriber.editing.transcripts import Edited
from transcriber.editing import operations as ops
from transcriber.editing import views
from transcriber.editing.comparison import Difference, PieceKind
from transcriber.editing.items import ItemId
from transcriber.editing.views import SegmentView
from transcriber.transcripts import comparisons
from transcriber.transcripts.comparisons import Comparison, Comparisons, Cursor
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.revisions import Revisions


@pytest.fixture
def editor(database: Database) -> TranscriptEditor:
    return TranscriptEditor(database)


@pytest.fixture
def compare(database: Database) -> Comparisons:
    return Comparisons(database)


async def first_page(
    compare: Comparisons, transcription_id: int, before: int, after: int, limit: int = 100
) -> Comparison:
    return await compare.compare(transcription_id, OWNER, (before, after), Cursor(), limit=limit)


def pieces(difference: Difference) -> list[tuple[str, str, str]]:
    return [(piece.kind, piece.before.text, piece.after.text) for piece in difference.pieces]


async def test_words_are_compared_within_their_segment(
    database: Database, editor: TranscriptEditor, compare: Comparisons
) -> None:
    transcription_id = await stored(database)
    words = [ItemId.parse(word.id) for word in (await shown(database, transcription_id))[0].words]
    await editor.edit(
        transcription_id,
        OWNER,
        "ann",
        [
            ops.ReplaceWords(first=words[1], last=words[1], text="evening"),
            ops.DeleteWords(first=words[4], last=words[4]),
        ],
        base=1,
    )
    page = await first_page(compare, transcription_id, 1, 2)
    (difference,) = page.differences
    assert pieces(difference) == [
        ("equal", "good", "good"),
        ("replaced", " morning", " evening"),
        ("equal", " how are", " how are"),
        ("deleted", " you", ""),
    ]
    assert [piece.revision for piece in difference.pieces] == [0, 2, 0, 2]
    assert [view.text for view in difference.before] == ["good morning how are you"]
    assert [view.text for view in difference.after] == ["good evening how are"]
    back = await first_page(compare, transcription_id, 2, 1)
    assert pieces(back.differences[0])[1] == ("replaced", " evening", " morning")
    assert not (await first_page(compare, transcription_id, 2, 2)).differences


async def test_splits_speakers_edges_and_marks_are_seen(
    database: Database, editor: TranscriptEditor, compare: Comparisons
) -> None:
    transcription_id = await stored(database)
    segments = await shown(database, transcription_id)
    third = ItemId.parse(segments[0].words[2].id)
    last = ItemId.parse(segments[0].words[4].id)
    await editor.edit(
        transcription_id,
        OWNER,
        "ann",
        [
            ops.SetSpeaker(first=third, last=last, speaker="Speaker_2"),
            ops.SetStarred(segment=ItemId.parse(segments[1].id), starred=True),
            ops.MoveEdges(segment=ItemId.parse(segments[2].id), start=5.5, end=None),
            ops.MergeSpeakers(speaker="Speaker_3", into="Speaker_1"),
        ],
        base=1,
    )
    page = await first_page(compare, transcription_id, 1, 2)
    split, starred, moved = page.differences
    assert pieces(split) == [
        ("equal", "good morning", "good morning"),
        ("equal", " how are you", "how are you"),
    ]
    assert [view.label for view in split.before] == ["Speaker_1"]
    assert [view.label for view in split.after] == ["Speaker_1", "Speaker_2"]
    assert split.revision == 2
    assert (starred.before[0].starred, starred.after[0].starred) == (False, True)
    assert (moved.before[0].start, moved.after[0].start) == (6.0, 5.5)
    merges = [{item.id: item.merged_into for item in side} for side in page.speakers]
    assert (merges[0]["Speaker_3"], merges[1]["Speaker_3"]) == ("", "Speaker_1")


async def test_notes_are_compared(
    database: Database, editor: TranscriptEditor, compare: Comparisons
) -> None:
    transcription_id = await stored(database)
    word = ItemId.parse((await shown(database, transcription_id))[0].words[0].id)
    await editor.edit(
        transcription_id, OWNER, "ann", [ops.AddNote(first=word, last=word, text="who?")], base=1
    )
    note = ItemId(2, 1)
    await editor.edit(
        transcription_id, OWNER, "ann", [ops.ChangeNote(note=note, text="Ann?")], base=2
    )
    texts = []
    for revisions in ((1, 2), (2, 3), (3, 1)):
        page = await first_page(compare, transcription_id, *revisions)
        texts.append(
            [
                (
                    change.before.text if change.before else None,
                    change.after.text if change.after else None,
                )
                for change in page.notes
            ]
        )
    assert texts == [[(None, "who?")], [("who?", "Ann?")], [("Ann?", None)]]


async def test_only_own_transcripts_and_existing_revisions_are_compared(
    database: Database, compare: Comparisons
) -> None:
    transcription_id = await stored(database)
    with pytest.raises(NotFoundError):
        await compare.compare(transcription_id, "stranger", (1, 1), Cursor(), limit=10)
    with pytest.raises(NotFoundError):
        await compare.compare(transcription_id, OWNER, (1, 2), Cursor(), limit=10)


@pytest.mark.parametrize("token", ["x", "1", ":1", "1:x", "1.x:1", "-1:0", "1:²"])
def test_foreign_cursors_are_refused(token: str) -> None:
    with pytest.raises(ValidationError):
        Cursor.parse(token)


@pytest.mark.parametrize("cursor", [Cursor(), Cursor("12", 3), Cursor("12.25", 0)])
def test_cursor_is_restored_from_its_text(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("seed", range(4))
async def test_differences_lead_from_one_revision_to_the_other(
    database: Database,
    editor: TranscriptEditor,
    compare: Comparisons,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    dice = random.Random(seed)
    transcription_id = await stored(database)
    memory = Edited()
    for _ in range(12):
        operation = random_operation(dice, memory)
        with contextlib.suppress(ApplicationError):
            memory.edit(operation)
            await editor.edit(transcription_id, OWNER, "ann", [operation], base=memory.revision - 1)
    assert memory.revision > 4
    monkeypatch.setattr(comparisons, "_PLACES", 1)
    for near, limit in itertools.product((True, False), (100, 1)):
        monkeypatch.setattr(Revisions, "_is_near_newest", AsyncMock(return_value=near))
        for _ in range(6):
            before, after = dice.randint(1, memory.revision), dice.randint(1, memory.revision)
            found: list[Difference] = []
            cursor: Cursor | None = Cursor()
            while cursor is not None:
                page = await compare.compare(
                    transcription_id, OWNER, (before, after), cursor, limit=limit
                )
                found += page.differences
                assert len(page.differences) <= limit
                cursor = page.following if page.following.rank else None
            check(found, memory, before, after)


async def test_revisions_of_different_machine_versions_are_compared(
    database: Database, editor: TranscriptEditor, compare: Comparisons
) -> None:
    transcription_id = await stored(database)
    word = ItemId.parse((await shown(database, transcription_id))[0].words[3].id)
    await editor.edit(
        transcription_id,
        OWNER,
        "ann",
        [ops.ReplaceWords(first=word, last=word, text="were")],
        base=1,
    )
    machine = await reprocess(database, transcription_id)
    page = await first_page(compare, transcription_id, 2, 0)
    assert page.revisions == (2, machine + 1)
    texts = [(view.text, one.after[0].text) for one in page.differences for view in one.before]
    assert texts == [
        ("good morning how were you", "good mourning how were you"),
        ("fine thanks and you", "find tanks and you"),
        ("very well indeed", "very well in deed"),
    ]
    assert pieces(page.differences[0])[1] == ("replaced", " morning", " mourning")
    within = await first_page(compare, transcription_id, 1, 2)
    assert pieces(within.differences[0])[1] == ("replaced", " are", " were")
    found: list[Difference] = []
    cursor = Cursor()
    while len(found) < 3:
        part = await compare.compare(transcription_id, OWNER, (2, 0), cursor, limit=1)
        found += part.differences
        cursor = part.following
    assert found == list(page.differences)
    assert cursor == Cursor()


def check(found: list[Difference], memory: Edited, before: int, after: int) -> None:
    """Assert that differences and what they leave out are the segments of both revisions."""
    own = {side: raw(memory, number) for side, number in (("before", before), ("after", after))}
    for side in ("before", "after"):
        listed = [view for one in found for view in getattr(one, side)]
        assert len({view.id for view in listed}) == len(listed)
        for view in listed:
            assert own[side].pop(view.id).text == view.text
            joined = "".join(
                getattr(piece, side).text
                for one in found
                for piece in one.pieces
                if getattr(piece, side).segment == view.id
            )
            assert joined == view.text
    unchanged = {
        item: (view.label, view.text, view.start, view.end, view.reviewed, view.starred)
        for item, view in own["before"].items()
    }
    assert unchanged == {
        item: (view.label, view.text, view.start, view.end, view.reviewed, view.starred)
        for item, view in own["after"].items()
    }
    for one in found:
        assert one.pieces
        assert any(piece.kind is not PieceKind.EQUAL for piece in one.pieces) or [
            (view.id, view.label, view.start, view.end, view.reviewed, view.starred)
            for view in one.before
        ] != [
            (view.id, view.label, view.start, view.end, view.reviewed, view.starred)
            for view in one.after
        ]


def raw(memory: Edited, revision: int) -> dict[ItemId, SegmentView]:
    """Return the segments of a revision with the labels from before merges."""
    document = memory.document(revision)
    found = (views.view_of(document, item, merged=False) for item in document.segments())
    return {view.id: view for view in found if view is not None}
