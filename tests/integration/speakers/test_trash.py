"""Undoing of permanent deletions, merges and splits, and their erasure."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.errors import AuthorizationError, ConflictError, NotFoundError, StateError
from common.postgres import Database
from common.times import moment
from securetranscribe.v1 import event_pb2, speaker_pb2
from speakers.trash import ProfileTrashStep
from tests.integration.speakers.conftest import Caller, Service, ServiceFactory, prototypes
from tests.integration.speakers.test_ledger import merge, named, remove, split, taught
from tests.integration.speakers.test_publishing import Heard, heard  # noqa: F401

_TABLES = {
    "profiles": "profile_id",
    "observations": "observation_id",
    "decisions": "transcription_id, speaker_label",
    "recognitions": "observation_id",
    "gone_profiles": "profile_id",
}
#: Columns that learning changes by itself, and that say nothing about a voice.
_UNSTABLE = ("updated_at",)
_LATE = "UPDATE trash SET erase_at = now() - interval '1 second'"
_KEPT = """
SELECT (SELECT count(*) FROM trash) + (SELECT count(*) FROM trashed_profiles)
     + (SELECT count(*) FROM trashed_observations) + (SELECT count(*) FROM trashed_decisions)
     + (SELECT count(*) FROM trashed_recognitions) + (SELECT count(*) FROM moved_entries)
     + (SELECT count(*) FROM moved_decisions) AS rows
"""


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all rows about voices."""
    found = {}
    for table, order in _TABLES.items():
        rows = await database.fetch_all(f"SELECT * FROM {table} ORDER BY {order}")
        found[table] = [
            {key: str(value) for key, value in row.items() if key not in _UNSTABLE} for row in rows
        ]
    found["prototypes"] = [{"all": str(row)} for row in await prototypes(database)]
    return found


async def trash(caller: Caller) -> list[speaker_pb2.TrashedSpeaker]:
    """Return the entries of the trash."""
    answer = await caller.call("ListTrashedSpeakers", speaker_pb2.ListTrashedSpeakersRequest())
    assert answer.total == len(answer.trashed)
    return list(answer.trashed)


async def restore(caller: Caller, trash_id: int) -> speaker_pb2.Speaker:
    """Undo an entry."""
    request = speaker_pb2.RestoreSpeakerRequest(trash_id=trash_id)
    answer: speaker_pb2.RestoreSpeakerResponse = await caller.call("RestoreSpeaker", request)
    return answer.speaker


async def two_people(user: Caller, transcriber: Caller) -> tuple[int, int]:
    """Teach Ann and Bob, with a clip, a recognition, and a voice too short to be learned."""
    ann = await taught(
        transcriber, named("Ann", 1, 1, clip=b"fLaC"), named("Ann", 1, 2, seconds=0.5)
    )
    bob = await taught(transcriber, named("Bob", 2, 3), first=3)
    await transcriber.recognize(4, named("", 1, 4))
    await user.update(ann, description="A colleague", verified=True)
    # A merge makes its target one that people keep.
    await user.update(bob, description="A neighbor")
    return ann, bob


async def test_deleted_profile_is_restored_exactly(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    ann, _ = await two_people(user, transcriber)
    before = await everything(database)
    await user.delete(ann, permanent=True)
    with pytest.raises(NotFoundError):
        await user.get(ann)
    [entry] = await trash(user)
    assert (entry.kind, entry.speaker_id, entry.name) == (
        speaker_pb2.TRASH_KIND_DELETION,
        ann,
        "Ann",
    )
    assert (entry.observation_count, entry.into_speaker_id) == (1, 0)
    kept = moment(entry.keep_until_time) - moment(entry.trash_time)
    assert kept == dt.timedelta(days=30)
    assert (await restore(user, entry.trash_id)).description == "A colleague"
    assert await everything(database) == before
    assert await trash(user) == []
    with pytest.raises(NotFoundError):
        await restore(user, entry.trash_id)


async def test_merge_is_undone_exactly(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    ann, bob = await two_people(user, transcriber)
    eve = await taught(transcriber, named("Eve", 5, 9), first=9)
    # Eve was merged into Ann before, so that her identifier follows Ann wherever she goes.
    await merge(user, ann, eve)
    before = await everything(database)
    await merge(user, bob, ann)
    assert (await user.get(bob)).sample_count == 3
    entry, earlier = await trash(user)
    assert (entry.kind, entry.name, entry.into_name) == (
        speaker_pb2.TRASH_KIND_MERGE, "Ann", "Bob",
    )  # fmt: skip
    with pytest.raises(StateError, match="merge of the speaker 'Ann'"):
        await restore(user, earlier.trash_id)
    await restore(user, entry.trash_id)
    assert await everything(database) == before
    assert (await restore(user, earlier.trash_id)).name == "Eve"
    assert (await user.get(ann)).sample_count == 1


async def test_split_is_undone_exactly(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    ann, bob = await two_people(user, transcriber)
    before = await everything(database)
    [row] = [item for item in await user.observations(ann) if item.transcription_id == 1]
    for name in ("Cy", "Bob"):
        target = (await split(user, ann, [row.observation_id], name)).target
        [entry] = await trash(user)
        assert (entry.kind, entry.into_speaker_id) == (
            speaker_pb2.TRASH_KIND_SPLIT, target.speaker_id,
        )  # fmt: skip
        assert (await restore(user, entry.trash_id)).sample_count == 1
        assert await everything(database) == before
    assert (await user.get(bob)).name == "Bob"


async def test_later_decisions_stay(user: Caller, transcriber: Caller, database: Database) -> None:
    ann, bob = await two_people(user, transcriber)
    await user.delete(ann, permanent=True)
    # Somebody names the voice of recording 1 otherwise, and recording 2 is deleted.
    await transcriber.decide(1, named("Bob", 1, 1))
    await transcriber.decide(2)
    [entry] = await trash(user)
    await restore(user, entry.trash_id)
    rows = await database.fetch_all("SELECT transcription_id, profile_id FROM decisions")
    assert sorted((row["transcription_id"], row["profile_id"]) for row in rows) == [
        (1, bob), (3, bob),
    ]  # fmt: skip
    assert (await user.get(ann)).sample_count == 0
    # A voice that was taken out since a merge does not come back.
    await merge(user, ann, bob)
    removed = (await user.observations(ann))[0]
    await remove(user, ann, removed.observation_id)
    await restore(user, (await trash(user))[0].trash_id)
    assert (await user.get(bob)).sample_count == 1


async def test_name_that_is_taken_by_now(user: Caller, transcriber: Caller) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1))
    await user.delete(ann, permanent=True)
    other = await user.create("ann")
    [entry] = await trash(user)
    with pytest.raises(ConflictError, match="Rename or deactivate"):
        await restore(user, entry.trash_id)
    await user.update(other.speaker_id, name="Anna")
    assert (await restore(user, entry.trash_id)).speaker_id == ann


async def test_target_has_to_be_there(user: Caller, transcriber: Caller) -> None:
    ann, bob = await two_people(user, transcriber)
    await merge(user, bob, ann)
    await user.delete(bob, permanent=True)
    deletion, merged = await trash(user)
    with pytest.raises(StateError, match="deletion of the speaker 'Bob'"):
        await restore(user, merged.trash_id)
    await restore(user, deletion.trash_id)
    assert (await restore(user, merged.trash_id)).sample_count == 1


async def test_entries_are_erased_after_their_time(
    user: Caller,
    transcriber: Caller,
    database: Database,
    heard: Heard,  # noqa: F811
) -> None:
    ann, bob = await two_people(user, transcriber)
    await merge(user, bob, ann)
    await user.delete(bob, permanent=True)
    await database.execute(_LATE)
    assert await trash(user) == []
    with pytest.raises(NotFoundError):
        await restore(user, 1)
    await ProfileTrashStep(database).step()
    assert await database.fetch_one(_KEPT) == {"rows": 0}
    told: list[event_pb2.SpeakerDeleted] = []
    while len(told) < 4:
        events = await heard.next()
        told += [event.speaker_deleted for event in events if event.HasField("speaker_deleted")]
    assert [
        (event.speaker_id, event.merged_into_speaker_id, event.restorable) for event in told
    ] == [(ann, bob, True), (bob, 0, True), (ann, bob, False), (bob, 0, False)]


async def test_administrators_erase_at_once(
    service: Service, user: Caller, transcriber: Caller, database: Database
) -> None:
    ann, bob = await two_people(user, transcriber)
    await merge(user, bob, ann)
    await user.delete(bob, permanent=True)
    request = speaker_pb2.EraseVoicesRequest(speaker_ids=[bob])
    assert (await service.service().call("EraseVoices", request)).erased == 1
    assert await database.fetch_one(_KEPT) == {"rows": 0}


async def test_erased_workspace_leaves_only_numbers(
    service: Service, user: Caller, transcriber: Caller, database: Database
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1, clip=b"fLaC"))
    short = await taught(transcriber, named("Zoe", 4, 8, seconds=0.5), first=8)
    for profile in (ann, short):
        await user.delete(profile, permanent=True)
    request = speaker_pb2.EraseWorkspaceVoicesRequest(workspace_id="session_a")
    await service.service().call("EraseWorkspaceVoices", request)
    [entry] = await trash(user)
    assert entry.speaker_id == ann
    await restore(user, entry.trash_id)
    row = await database.fetch_one("SELECT session_id, workspace_id, clip FROM observations")
    assert row == {"session_id": "", "workspace_id": "", "clip": None}


async def test_no_voice_is_kept_in_the_trash_without_memory(
    services: ServiceFactory, database: Database
) -> None:
    async with services.run() as service:
        ann = await taught(service.transcriber(), named("Ann", 1, 1))
        await service.session().delete(ann, permanent=True)
    async with services.run(voice_memory="off"):
        assert await database.fetch_one("SELECT FROM trashed_observations") is None


@pytest.fixture(scope="module")
async def guarded(services: ServiceFactory, database: Database) -> AsyncIterator[Service]:
    async with services.run(protect_profiles=True) as running:
        yield running


async def test_profiles_of_others_are_protected(guarded: Service) -> None:
    mine, theirs = guarded.session("a"), guarded.session("b")
    ann = await taught(guarded.transcriber("session_a"), named("Ann", 1, 1))
    bob = await taught(guarded.transcriber("session_b"), named("Bob", 2, 2), first=2)
    made = (await theirs.create("Cy")).speaker_id
    [own] = await mine.observations(ann)
    [foreign] = await mine.observations(bob)
    refused = (
        mine.delete(bob, permanent=True),
        mine.delete(made, permanent=True),
        merge(mine, ann, bob),
        merge(mine, bob, ann),
        split(mine, bob, [foreign.observation_id], "New"),
        split(mine, ann, [own.observation_id], "Bob"),
    )
    for call in refused:
        with pytest.raises(AuthorizationError, match="protects speakers"):
            await call
    await mine.delete(ann, permanent=True)
    [entry] = await trash(mine)
    assert await trash(theirs) == []
    with pytest.raises(NotFoundError):
        await restore(theirs, entry.trash_id)
    await restore(mine, entry.trash_id)
    # What two workspaces taught belongs to neither.
    await taught(guarded.transcriber("session_b"), named("Ann", 1, 5), first=5)
    with pytest.raises(AuthorizationError):
        await mine.delete(ann, permanent=True)
