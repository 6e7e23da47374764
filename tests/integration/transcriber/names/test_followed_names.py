"""Changes of profiles in many transcripts."""

import pytest

from common.postgres import Database
from tests.integration.transcriber.transcripts.test_editor import stored
from transcriber.store.followed_names import FollowedNames

_LINK = """
UPDATE transcript_speakers SET name = 'Ada', name_source = %s, speaker_id = 7
WHERE label = 'Speaker_1' AND transcription_id = ANY(%s)
"""
_SPEAKERS = """
SELECT name, name_source, speaker_id, stamps FROM transcript_speakers
WHERE label = 'Speaker_1' ORDER BY transcription_id
"""
_REVISIONS = "SELECT revision FROM transcriptions WHERE id = ANY(%s) ORDER BY id"
_BATCHES = "SELECT kind, author FROM transcript_batches WHERE transcription_id = ANY(%s)"
_EVENTS = "SELECT count(*) AS count FROM outbox WHERE subject LIKE '%%.edited'"


async def linked(database: Database, count: int, source: str = "confirmed") -> list[int]:
    """Store transcripts that are linked to profile 7, and one that is not."""
    ids = [await stored(database) for _ in range(count)]
    await database.execute(_LINK, (source, ids))
    await stored(database)
    return ids


async def test_many_transcripts_are_renamed_a_few_at_a_time(database: Database) -> None:
    ids = await linked(database, 5)
    looked_at: list[int] = []
    while not looked_at or looked_at[-1]:
        async with database.transaction() as connection:
            looked_at.append(await FollowedNames(connection, at_a_time=2).rename(7, "Eve"))
    assert looked_at == [2, 2, 1, 0]
    rows = await database.fetch_all(_SPEAKERS)
    assert [row["name"] for row in rows] == ["Eve"] * 5 + [""]
    assert [row["stamps"] for row in rows] == [{"name": [0, 2]}] * 5 + [{}]
    assert [row["revision"] for row in await database.fetch_all(_REVISIONS, (ids,))] == [2] * 5
    batches = await database.fetch_all(_BATCHES, (ids,))
    assert batches == [{"kind": "names", "author": ""}] * 5
    assert await database.fetch_one(_EVENTS) == {"count": 5}


async def test_merged_profile_is_replaced(database: Database) -> None:
    await linked(database, 1)
    async with database.transaction() as connection:
        names = FollowedNames(connection, at_a_time=10)
        assert [await names.merge(7, 8), await names.merge(7, 8), await names.merge(8, 8)] == [
            1,
            0,
            0,
        ]
    rows = await database.fetch_all(_SPEAKERS)
    assert [(row["name"], row["speaker_id"]) for row in rows] == [("Ada", 8), ("", 0)]


@pytest.mark.parametrize(
    ("source", "left"), [("confirmed", ("Ada", "confirmed", 0)), ("suggested", ("", "none", 0))]
)
async def test_deleted_profile_leaves_assigned_names(
    database: Database, source: str, left: tuple[str, str, int]
) -> None:
    ids = await linked(database, 1, source)
    async with database.transaction() as connection:
        names = FollowedNames(connection, at_a_time=10)
        assert [await names.unlink(7), await names.unlink(7)] == [1, 0]
    rows = await database.fetch_all(_SPEAKERS)
    assert (rows[0]["name"], rows[0]["name_source"], rows[0]["speaker_id"]) == left
    assert await database.fetch_all(_REVISIONS, (ids,)) == [{"revision": 2}]


_KEPT = "SELECT count(*) AS count FROM unlinked_names"
_DUE = "SELECT count(*) AS count FROM transcriptions WHERE decisions_due_at IS NOT NULL"
#: A later name of a person has another origin.
_RENAMED = """
UPDATE transcript_speakers SET name = 'Zoe', name_source = 'confirmed', stamps = '{"name": [2, 2]}'
WHERE label = 'Speaker_1' AND transcription_id = %s
"""


@pytest.mark.parametrize("source", ["confirmed", "suggested"])
@pytest.mark.parametrize("into", [0, 8])
async def test_restored_profile_gets_its_names_again(
    database: Database, source: str, into: int
) -> None:
    ids = await linked(database, 3, source)
    async with database.transaction() as connection:
        names = FollowedNames(connection, at_a_time=10)
        await names.keep(7)
        await (names.merge(7, into) if into else names.unlink(7))
        await names.rename(8, "Eve")
    await database.execute(_RENAMED, (ids[1],))
    looked_at: list[int] = []
    while not looked_at or looked_at[-1]:
        async with database.transaction() as connection:
            looked_at.append(await FollowedNames(connection, at_a_time=2).relink(7, "Ada", into))
    assert looked_at == [2, 1, 0]
    rows = await database.fetch_all(_SPEAKERS)
    shown = [(row["name"], row["name_source"], row["speaker_id"]) for row in rows]
    assert shown == [
        ("Ada", source, 7), ("Zoe", "confirmed", into), ("Ada", source, 7), ("", "none", 0),
    ]  # fmt: skip
    assert await database.fetch_one(_KEPT) == {"count": 0}
    # The speakers service is told what each transcript says now.
    assert await database.fetch_one(_DUE) == {"count": 2 if source == "confirmed" else 0}


async def test_names_of_erased_profiles_are_forgotten(database: Database) -> None:
    await linked(database, 2)
    async with database.transaction() as connection:
        names = FollowedNames(connection, at_a_time=10)
        await names.keep(7)
        await names.unlink(7)
    assert await database.fetch_one(_KEPT) == {"count": 2}
    async with database.transaction() as connection:
        await FollowedNames(connection, at_a_time=10).forget(7)
    assert await database.fetch_one(_KEPT) == {"count": 0}
