"""Titles, suggested and given."""

from typing import Any

import pytest

from common.errors import StateError, ValidationError
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import search_pb2, search_pb2_grpc, transcription_pb2
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import until
from tests.integration.transcriber.library.callers import Librarian
from tests.integration.transcriber.transcripts.test_editor import stored
from transcriber.domain.transcripts import Segment

_OWNER = "UPDATE transcriptions SET workspace_id = 'session_a', session_id = 'session_a'"
_EDIT = "UPDATE segments SET text = 'The renovation of the old harbor begins.'"
_AGAIN = "UPDATE transcriptions SET transcript_at = now()"
TALK = [
    Segment(
        label="Speaker_1",
        text="So, today we discuss the budget of the warehouse.",
        start=1.0,
        end=4.0,
        confidence=0.9,
        language="en",
        words=(),
    )
]
SUGGESTED = "Today we discuss the budget of the warehouse"


@pytest.fixture
def librarian(api: Api, caller: Caller) -> Librarian:
    return Librarian(api, caller)


async def suggested(librarian: Librarian, number: int) -> str:
    """Wait for the background step and return the title."""
    found = ""

    async def done() -> bool:
        nonlocal found
        shown = await librarian.caller.get(number)
        found = shown.title
        return bool(shown.title_source == transcription_pb2.TITLE_SOURCE_SUGGESTED)

    await until(done)
    return found


async def test_title_is_suggested_in_the_background(
    librarian: Librarian, database: Database
) -> None:
    number = await stored(database, TALK)
    await database.execute(_OWNER)
    assert await suggested(librarian, number) == SUGGESTED


async def test_title_of_a_person_stays(librarian: Librarian, database: Database) -> None:
    number = await stored(database, TALK)
    await database.execute(_OWNER)
    shown = await librarian.update(number, title="  Board\u00a0meeting ")
    assert (shown.title, shown.title_source) == (
        "Board meeting", transcription_pb2.TITLE_SOURCE_OWN,
    )  # fmt: skip
    await database.execute(_AGAIN)
    other = await stored(database, TALK)
    await database.execute(_OWNER)
    await suggested(librarian, other)
    assert (await librarian.caller.get(number)).title == "Board meeting"
    again = await librarian.update(number, title="")
    assert (again.title, again.title_source) == (
        SUGGESTED, transcription_pb2.TITLE_SOURCE_SUGGESTED,
    )  # fmt: skip


async def test_suggestion_follows_edits_only_when_asked(
    librarian: Librarian, database: Database
) -> None:
    number = await stored(database, TALK)
    await database.execute(_OWNER)
    await suggested(librarian, number)
    await database.execute(_EDIT)
    assert (await librarian.caller.get(number)).title == SUGGESTED
    answer = await librarian.call("SuggestTitle", transcription_id=number)
    assert answer.transcription.title == "The renovation of the old harbor begins"


async def test_name_of_the_file_is_the_title_otherwise(librarian: Librarian) -> None:
    number = await librarian.caller.upload_id(filename="Board 7.wav")
    shown = await librarian.caller.get(number)
    assert (shown.title, shown.title_source) == (
        "Board 7.wav", transcription_pb2.TITLE_SOURCE_FILE,
    )  # fmt: skip
    with pytest.raises(StateError):
        await librarian.call("SuggestTitle", transcription_id=number)
    for title in ("x" * 256, "a\u202eb"):
        with pytest.raises(ValidationError):
            await librarian.update(number, title=title)


async def test_search_follows_titles_and_the_trash(
    api: Api, librarian: Librarian, database: Database
) -> None:
    number = await stored(database, TALK)
    await database.execute(_OWNER)
    service: Any = search_pb2_grpc.SearchServiceStub(api.channel)

    async def found(query: str) -> set[int]:
        request = search_pb2.SearchRequest(query=query)
        answer = await unwrap(service.Search(request, metadata=librarian.caller.metadata))
        return {hit.transcription_id for hit in answer.hits}

    await librarian.update(number, title="Zanzibar ledger")
    assert await found("zanzibar") == {number}
    await librarian.call("TrashTranscription", transcription_id=number)
    assert await found("zanzibar") == set()
    await librarian.call("RestoreTranscription", transcription_id=number)
    await librarian.update(number, title="Board meeting")
    assert await found("zanzibar") == set()
    assert await found("board") == {number}
