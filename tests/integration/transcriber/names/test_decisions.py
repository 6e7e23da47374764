"""Decisions that could not be sent for long, and were set aside."""

from typing import Any

import pytest

from common.background.attempts import ItemAttempts
from common.errors import UnavailableError
from common.postgres import Database
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import Peers, until
from transcriber.names.assignment import NOT_LEARNED
from transcriber.store.transcriptions import Transcriptions


async def set_aside(database: Database, transcription_id: int) -> None:
    """Set the decisions of a transcription aside, as after many failed attempts."""
    async with database.transaction() as connection:
        attempts = ItemAttempts(connection)
        await attempts.claim("decisions", [str(transcription_id)], 0.0)
        await attempts.set_aside("decisions", str(transcription_id), "refused")
        await Transcriptions(connection).warn(transcription_id, NOT_LEARNED)


async def test_a_new_assignment_is_sent_and_takes_the_warning_back(
    caller: Caller, transcription_id: int, database: Database
) -> None:
    await set_aside(database, transcription_id)
    assert NOT_LEARNED in (await caller.get(transcription_id)).warnings
    await caller.assign(transcription_id, {"Speaker_1": "Ann"})
    assert NOT_LEARNED not in (await caller.get(transcription_id)).warnings
    async with database.transaction() as connection:
        assert await ItemAttempts(connection).aside() == []


async def test_an_assignment_that_fails_is_sent_again_although_earlier_ones_were_set_aside(
    caller: Caller, transcription_id: int, database: Database, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ann"})
    await set_aside(database, transcription_id)
    async with database.transaction() as connection:
        await connection.execute("UPDATE transcriptions SET decisions_due_at = now()")
    peers.speakers.decisions.clear()
    peers.speakers.down = True
    with pytest.raises(UnavailableError):
        await caller.assign(transcription_id, {"Speaker_1": "Bob"})
    peers.speakers.down = False
    await database.execute("UPDATE transcriptions SET decisions_due_at = now()")

    async def sent() -> Any:
        return peers.speakers.decisions.get(transcription_id)

    assert [decision.name for decision in await until(sent)] == ["Ann"]


async def test_names_are_suggested_only_once_decisions_have_arrived(
    transcription_id: int, database: Database
) -> None:
    async with database.transaction() as connection:
        found = Transcriptions(connection)
        await connection.execute("UPDATE transcriptions SET names_due_at = now()")
        assert await found.due_names(10) == [transcription_id]
        await connection.execute("UPDATE transcriptions SET decisions_due_at = now()")
        assert await found.due_names(10) == []
        attempts = ItemAttempts(connection)
        await attempts.claim("decisions", [str(transcription_id)], 0.0)
        await attempts.set_aside("decisions", str(transcription_id), "refused")
        assert await found.due_names(10) == [transcription_id]
        # No step of the api sees any of it.
        await connection.rollback()
