"""Find and replace over stored transcripts."""

from typing import Any

import pytest

from common.errors import NotFoundError
from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import OWNER, lines, shown, stored
from tests.unit.transcriber.editing.transcripts import segment
from transcriber.editing import operations as ops
from transcriber.editing.items import ItemId
from transcriber.editing.replacement import Query
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.replacements import Replacements

_MACHINE = (
    segment("Speaker_1", "ask doctor Smyth today", 0.0),
    segment("Speaker_2", "nobody asks", 3.0),
    segment("Speaker_1", "Smyth or smyth again", 6.0),
)
_QUERY = Query(text="smyth", replacement="Smith")


@pytest.fixture
def editor(database: Database) -> TranscriptEditor:
    return TranscriptEditor(database)


@pytest.fixture
def replacements(database: Database, editor: TranscriptEditor) -> Replacements:
    return Replacements(database, editor)


async def texts(database: Database, transcription_id: int) -> list[str]:
    return [text for _, text in await lines(database, transcription_id)]


async def test_preview_changes_nothing(database: Database, replacements: Replacements) -> None:
    number = await stored(database, _MACHINE)
    before = await texts(database, number)
    key, (result,) = await replacements.replace([number], OWNER, "ann", _QUERY, preview=True)
    assert (key, result.revision) == ("", 1)
    assert [(change.after, change.count) for change in result.changes] == [
        ("ask doctor Smith today", 1),
        ("Smith or Smith again", 2),
    ]
    assert await texts(database, number) == before


async def test_replacement_in_many_is_taken_back_at_once(
    database: Database, replacements: Replacements
) -> None:
    numbers = [await stored(database, _MACHINE) for _ in range(3)]
    key, results = await replacements.replace(numbers, OWNER, "ann", _QUERY, preview=False)
    assert [result.revision for result in results] == [2, 2, 2]
    for number in numbers:
        assert await texts(database, number) == [
            "ask doctor Smith today",
            "nobody asks",
            "Smith or Smith again",
        ]
    undone = await replacements.undo(key, OWNER, "ann")
    assert [(result.transcription_id, result.revision) for result in undone] == [
        (number, 3) for number in numbers
    ]
    for number in numbers:
        assert await texts(database, number) == [item.text for item in _MACHINE]


async def test_one_that_fails_does_not_affect_others(
    database: Database, replacements: Replacements
) -> None:
    first, second = await stored(database, _MACHINE), await stored(database, _MACHINE)
    results = (
        await replacements.replace([first, 999, second], OWNER, "ann", _QUERY, preview=False)
    )[1]
    assert [bool(result.error) for result in results] == [False, True, False]
    assert (await texts(database, second))[0] == "ask doctor Smith today"


async def test_transcripts_of_others_are_neither_changed_nor_shown(
    database: Database, replacements: Replacements
) -> None:
    number = await stored(database, _MACHINE)
    for preview in (True, False):
        _, (theirs, missing) = await replacements.replace(
            [number, 999], "another workspace", "bob", _QUERY, preview=preview
        )
        assert (theirs.error, theirs.changes) == (missing.error, missing.changes)
    assert (await texts(database, number))[0] == "ask doctor Smyth today"
    key, _ = await replacements.replace([number], OWNER, "ann", _QUERY, preview=False)
    for workspace, author in (("another workspace", "ann"), (OWNER, "bob")):
        with pytest.raises(NotFoundError):
            await replacements.undo(key, workspace, author)


async def test_later_edits_are_not_overwritten(
    database: Database, editor: TranscriptEditor, replacements: Replacements
) -> None:
    first, second = await stored(database, _MACHINE), await stored(database, _MACHINE)
    key, _ = await replacements.replace([first, second], OWNER, "ann", _QUERY, preview=False)
    word = ItemId.parse((await shown(database, first))[0].words[2].id)
    edit = ops.ReplaceWords(first=word, last=word, text="Smithers")
    await editor.edit(first, OWNER, "ann", [edit], base=2)
    results = await replacements.undo(key, OWNER, "ann")
    assert [bool(result.error) for result in results] == [True, False]
    assert (await texts(database, first))[0] == "ask doctor Smithers today"
    assert (await texts(database, second))[0] == "ask doctor Smyth today"


async def test_repeated_request_is_answered_and_not_executed_again(
    database: Database, editor: TranscriptEditor, replacements: Replacements
) -> None:
    numbers = [await stored(database, _MACHINE) for _ in range(2)]
    query = Query(text="smyth", replacement="Smyth-Jones")
    arguments: dict[str, Any] = {"preview": False, "request_id": "key"}
    first = await replacements.replace(numbers[:1], OWNER, "ann", query, **arguments)
    word = ItemId.parse((await shown(database, numbers[0]))[1].words[0].id)
    await editor.edit(numbers[0], OWNER, "bob", [ops.DeleteWords(first=word, last=word)], base=2)
    replaced = await texts(database, numbers[0])
    # The answer to the first request was lost, and the second one names another transcript too.
    key, results = await replacements.replace(numbers, OWNER, "ann", query, **arguments)
    assert key == first[0]
    assert results[0] == first[1][0]
    assert [result.revision for result in results] == [2, 2]
    assert await texts(database, numbers[0]) == replaced
    assert (await texts(database, numbers[1]))[0] == "ask doctor Smyth-Jones today"
    await replacements.undo(key, OWNER, "ann")
    _, results = await replacements.replace(numbers, OWNER, "ann", query, **arguments)
    assert [result.revision for result in results] == [2, 2]
    assert (await texts(database, numbers[1]))[0] == "ask doctor Smyth today"


async def test_keys_belong_to_an_author_and_one_replacement(
    database: Database, replacements: Replacements
) -> None:
    number = await stored(database, _MACHINE)
    own, _ = await replacements.replace(
        [number], OWNER, "ann", _QUERY, preview=False, request_id="key"
    )
    other = Query(text="Smith", replacement="Smithy")
    theirs, (result,) = await replacements.replace(
        [number], OWNER, "bob", other, preview=False, request_id="key"
    )
    assert (own == theirs, result.revision, result.error) == (False, 3, "")
    _, (result,) = await replacements.replace(
        [number], OWNER, "ann", other, preview=False, request_id="key"
    )
    assert "another replacement" in result.error
