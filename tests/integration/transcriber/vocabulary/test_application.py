"""Corrections in stored transcripts, and suggestions from edits."""

import pytest

from common.errors import NotFoundError, StateError
from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import OWNER, shown, stored
from tests.unit.transcriber.editing.transcripts import segment
from transcriber.editing import operations as ops
from transcriber.editing.errors import BuiltUponError
from transcriber.editing.items import ItemId
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.vocabulary import entries
from transcriber.vocabulary.application import VocabularyEdits, apply_to_new
from transcriber.vocabulary.catalog import VocabularyCatalog
from transcriber.vocabulary.suggestions import VocabularySuggestions

TALK = (
    segment("Speaker_1", "ask Smyth, about cooper netties", 0.0),
    segment("Speaker_2", "Smyth knows cooper netties and Smyth", 4.0),
    segment("Speaker_1", "fine", 9.0),
)


@pytest.fixture
def editor(database: Database) -> TranscriptEditor:
    return TranscriptEditor(database)


@pytest.fixture
def edits(database: Database, editor: TranscriptEditor) -> VocabularyEdits:
    return VocabularyEdits(database, editor)


@pytest.fixture
def suggestions(database: Database) -> VocabularySuggestions:
    return VocabularySuggestions(database)


async def correct(database: Database, heard: str, meant: str, workspace: str = OWNER) -> None:
    await VocabularyCatalog(database).add_correction(
        workspace, entries.correction(heard, meant, "", match_case=False)
    )


async def texts(database: Database, transcription_id: int) -> list[str]:
    return [segment.text for segment in await shown(database, transcription_id)]


async def write(
    database: Database,
    editor: TranscriptEditor,
    transcription_id: int,
    old: str,
    new: str,
    *,
    number: int = 0,
) -> None:
    """Replace a word as a person, the first one with a text, or a later one."""
    words = [word for part in await shown(database, transcription_id) for word in part.words]
    word = ItemId.parse([one for one in words if one.text == old][number].id)
    operation = ops.ReplaceWords(first=word, last=word, text=new)
    history = await editor.history(transcription_id, OWNER, OWNER)
    base = history.head.revision
    await editor.edit(transcription_id, OWNER, OWNER, [operation], base=base)


async def offered(suggestions: VocabularySuggestions) -> list[tuple[str, str, int]]:
    return [
        (item.replaced.heard, item.replaced.meant, item.replaced.count)
        for item in await suggestions.list(OWNER)
    ]


async def test_corrections_are_one_batch_and_can_be_taken_back(
    database: Database, editor: TranscriptEditor, edits: VocabularyEdits
) -> None:
    await correct(database, "smyth", "Smith")
    await correct(database, "cooper netties", "Kubernetes")
    transcription_id = await stored(database, TALK)
    machine = await shown(database, transcription_id)
    applied = await edits.apply(transcription_id, OWNER)
    assert (applied.revision, applied.count) == (2, 5)
    found = await shown(database, transcription_id)
    assert [part.text for part in found] == [
        "ask Smith, about Kubernetes",
        "Smith knows Kubernetes and Smith",
        "fine",
    ]
    words = [word for part in found for word in part.words]
    assert {word.text: word.written for word in words if word.edited} == {
        "Smith,": 2,
        "Smith": 2,
        "Kubernetes": 2,
    }
    times = [(word.start, word.end) for word in found[0].words]
    assert times == sorted(times)
    listed = (await editor.history(transcription_id, OWNER, OWNER)).entries
    assert [item.entry.author for item in listed] == ["vocabulary"]
    with pytest.raises(StateError):
        await editor.undo(transcription_id, OWNER, OWNER)
    undone = await edits.undo(transcription_id, OWNER)
    assert (undone.revision, undone.target) == (3, 2)
    assert await shown(database, transcription_id) == machine
    with pytest.raises(StateError):
        await edits.undo(transcription_id, OWNER)
    corrections, _ = await VocabularyCatalog(database).corrections(OWNER, offset=0, limit=10)
    assert {item.meant: item.uses for item in corrections} == {"Smith": 3, "Kubernetes": 2}


async def test_words_of_people_stay(
    database: Database, editor: TranscriptEditor, edits: VocabularyEdits
) -> None:
    transcription_id = await stored(database, TALK)
    await write(database, editor, transcription_id, "knows", "Smyth")
    await correct(database, "smyth", "Smith")
    await edits.apply(transcription_id, OWNER)
    assert (await texts(database, transcription_id))[1] == "Smith Smyth cooper netties and Smith"
    assert (await edits.apply(transcription_id, OWNER)).count == 0
    await write(database, editor, transcription_id, "Smith", "Smithson")
    with pytest.raises(BuiltUponError):
        await edits.undo(transcription_id, OWNER)


async def test_others_neither_use_nor_change_a_vocabulary(
    database: Database, edits: VocabularyEdits
) -> None:
    await correct(database, "smyth", "Smith", "stranger")
    transcription_id = await stored(database, TALK)
    assert (await edits.apply(transcription_id, OWNER)).count == 0
    for call in (edits.apply, edits.undo):
        with pytest.raises(NotFoundError):
            await call(transcription_id, "stranger")


async def test_a_new_transcript_counts_its_terms(database: Database) -> None:
    catalog = VocabularyCatalog(database)
    for text in ("Cooper Netties", "never said", "C++"):
        await catalog.add_term(OWNER, entries.term(text, ""))
    transcription_id = await stored(database, TALK)
    async with database.transaction() as connection:
        await apply_to_new(connection, transcription_id, OWNER)
    terms, _ = await catalog.terms(OWNER, offset=0, limit=10)
    assert {term.text: term.transcripts for term in terms} == {
        "Cooper Netties": 1,
        "never said": 0,
        "C++": 0,
    }


async def test_a_correction_made_twice_is_offered_once_accepted_no_more(
    database: Database, editor: TranscriptEditor, suggestions: VocabularySuggestions
) -> None:
    transcription_id = await stored(database, TALK)
    await write(database, editor, transcription_id, "Smyth,", "Smith,")
    assert await offered(suggestions) == []
    await write(database, editor, transcription_id, "Smyth", "Smith")
    assert await offered(suggestions) == [("Smyth", "Smith", 2)]
    other = await stored(database, TALK)
    await write(database, editor, other, "Smyth", "Smith", number=1)
    assert await offered(suggestions) == [("Smyth", "Smith", 3)]
    assert await suggestions.list("stranger") == []
    (suggestion,) = await suggestions.list(OWNER)
    with pytest.raises(NotFoundError):
        await suggestions.accept("stranger", suggestion.id)
    accepted = await suggestions.accept(OWNER, suggestion.id)
    assert (accepted.heard, accepted.meant) == ("Smyth", "Smith")
    assert await offered(suggestions) == []


async def test_a_dismissed_suggestion_stays_dismissed(
    database: Database, editor: TranscriptEditor, suggestions: VocabularySuggestions
) -> None:
    transcription_id = await stored(database, TALK)
    await write(database, editor, transcription_id, "Smyth,", "Smith,")
    await write(database, editor, transcription_id, "Smyth", "Smith")
    (suggestion,) = await suggestions.list(OWNER)
    await suggestions.dismiss(OWNER, suggestion.id)
    await write(database, editor, transcription_id, "Smyth", "Smith")
    assert await offered(suggestions) == []
    with pytest.raises(NotFoundError):
        await suggestions.dismiss(OWNER, suggestion.id)


async def test_undone_and_restored_edits_teach_nothing(
    database: Database, editor: TranscriptEditor, suggestions: VocabularySuggestions
) -> None:
    transcription_id = await stored(database, TALK)
    await write(database, editor, transcription_id, "Smyth,", "Smith,")
    await write(database, editor, transcription_id, "Smyth", "Smith")
    await editor.undo(transcription_id, OWNER, OWNER)
    assert await offered(suggestions) == []
    await editor.redo(transcription_id, OWNER, OWNER)
    assert await offered(suggestions) == [("Smyth", "Smith", 2)]
    await editor.restore(transcription_id, OWNER, OWNER, 1)
    assert await offered(suggestions) == []


async def test_a_word_that_is_written_again_teaches_its_last_text(
    database: Database, editor: TranscriptEditor, suggestions: VocabularySuggestions
) -> None:
    transcription_id = await stored(database, TALK)
    await write(database, editor, transcription_id, "Smyth,", "Smit,")
    await write(database, editor, transcription_id, "Smit,", "Smith,")
    await write(database, editor, transcription_id, "Smyth", "Smith")
    assert await offered(suggestions) == [("Smyth", "Smith", 2)]


async def test_words_that_are_usually_right_are_not_offered(
    database: Database, editor: TranscriptEditor, suggestions: VocabularySuggestions
) -> None:
    talk = [segment("Speaker_1", "the dog", 3.0 * number) for number in range(60)]
    transcription_id = await stored(database, talk)
    await write(database, editor, transcription_id, "the", "a")
    await write(database, editor, transcription_id, "the", "a")
    assert await offered(suggestions) == []
    await write(database, editor, transcription_id, "the", "a")
    assert await offered(suggestions) == [("the", "a", 3)]
