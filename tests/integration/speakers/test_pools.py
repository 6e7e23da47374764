"""Profiles of workspaces, where people sign in."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from common import bus
from common.errors import ConflictError, NotFoundError, StateError, ValidationError
from common.postgres import Database
from securetranscribe.v1 import speaker_pb2
from speakers.pool_moves import move_profiles
from tests.integration.speakers.conftest import Named, Service, ServiceFactory
from tests.integration.speakers.fakes import Peers, person, voiceprint, wav
from tests.integration.speakers.test_ledger import merge, named, split, taught
from tests.integration.speakers.test_publishing import Heard, settled
from tests.integration.speakers.test_trash import restore, trash
from tests.nats_clients import flushed

_POOLS = "SELECT name, pool FROM profiles ORDER BY name_key, pool"
_POOLS_OF_PROTOTYPES = """
SELECT p.name, t.pool FROM prototypes t JOIN profiles p USING (profile_id) ORDER BY p.name_key
"""


@pytest.fixture(scope="module")
async def closed(services: ServiceFactory, database: Database) -> AsyncIterator[Service]:
    """A service with AUTH_MODE=accounts."""
    async with services.run(auth_mode="accounts") as running:
        yield running


@pytest.fixture
async def announced(client: Any, database: Database) -> AsyncIterator[Heard]:
    """Collect the events of all workspaces from now on."""
    listening = Heard()
    await settled(database)
    subscription = await client.subscribe(
        bus.event_subject("*", "speaker", "*", "*"), cb=listening.add
    )
    await flushed(client)
    yield listening
    await subscription.unsubscribe()


async def pools(database: Database, query: str = _POOLS) -> list[tuple[str, str]]:
    return [(row["name"], row["pool"]) for row in await database.fetch_all(query)]


async def test_workspaces_do_not_see_profiles_of_others(closed: Service) -> None:
    one, other = closed.session("a"), closed.session("b")
    ann = await one.create("Ann", description="Chairs the board")
    assert await one.names() == ["Ann"]
    assert await other.names() == []
    assert await other.found("Ann") == []
    # The name is free elsewhere, and taken here.
    twin = await other.create("Ann")
    assert twin.speaker_id != ann.speaker_id
    with pytest.raises(ConflictError):
        await one.create("ann")
    assert await one.found("ann") == ["Ann"]


async def test_events_of_profiles_are_those_of_their_workspace(
    services: ServiceFactory, closed: Service, announced: Heard
) -> None:
    one = closed.session("a")
    ann, annie = await one.create("Ann"), await one.create("Annie")
    await one.update(ann.speaker_id, name="Anna")
    await merge(one, ann.speaker_id, annie.speaker_id)
    await restore(one, (await trash(one))[0].trash_id)
    await one.delete(ann.speaker_id, permanent=True)
    await taught(closed.transcriber("session_a"), named("Bob", 2, 2))
    await closed.transcriber("session_a").decide(1)
    async with opened(services) as shared:
        await shared.session("a").create("Zoe")
        await announced.reached(lambda event: event.speaker_updated.name == "Zoe")
    subjects = [message.subject for message in announced.messages]
    own = bus.event_prefix("session_a")
    verbs = {subject.rpartition(".")[2] for subject in subjects[:-1]}
    assert verbs == {"updated", "deleted", "restored"}
    assert all(subject.startswith(own) for subject in subjects[:-1]), subjects
    # That of the deployment is for all.
    assert subjects[-1].startswith(bus.event_prefix(""))


def _requests(
    speaker_id: int, observation_id: int, trash_id: int, own: int
) -> Mapping[str, object]:
    """Return a request of each method that names things of a profile."""
    return {
        "GetSpeaker": speaker_pb2.GetSpeakerRequest(speaker_id=speaker_id),
        "UpdateSpeaker": speaker_pb2.UpdateSpeakerRequest(speaker_id=speaker_id, name="Eve"),
        "DeleteSpeaker": speaker_pb2.DeleteSpeakerRequest(speaker_id=speaker_id),
        "GetSpeakerStatistics": speaker_pb2.GetSpeakerStatisticsRequest(speaker_id=speaker_id),
        "MergeSpeakers": speaker_pb2.MergeSpeakersRequest(
            speaker_id=own, source_speaker_id=speaker_id
        ),
        "SplitSpeaker": speaker_pb2.SplitSpeakerRequest(
            speaker_id=speaker_id, observation_ids=[observation_id], name="Eve"
        ),
        "EnrollSpeaker": speaker_pb2.EnrollSpeakerRequest(speaker_id=speaker_id, content=wav(5.0)),
        "ListObservations": speaker_pb2.ListObservationsRequest(speaker_id=speaker_id),
        "DeleteObservation": speaker_pb2.DeleteObservationRequest(
            speaker_id=speaker_id, observation_id=observation_id
        ),
        "GetProfileClip": speaker_pb2.GetProfileClipRequest(speaker_id=speaker_id),
        "RestoreSpeaker": speaker_pb2.RestoreSpeakerRequest(trash_id=trash_id),
    }


#: Methods that name nothing of a profile, or that only services call.
_OTHERS = frozenset(
    {
        *("CreateSpeaker", "ListSpeakers", "SearchSpeakers", "SearchVoices"),
        *("ListTrashedSpeakers", "RecognizeVoices", "SetVoiceDecisions"),
        *("EraseVoices", "EraseWorkspaceVoices", "EmbedClip", "MatchVoices"),
    }
)


async def test_profiles_of_others_do_not_exist_for_any_method(
    closed: Service, database: Database
) -> None:
    """Walk every method × own and foreign."""
    one, other = closed.session("a"), closed.session("b")
    ann = await taught(closed.transcriber("session_a"), named("Ann", 1, 1, clip=b"fLaC"))
    gone = await one.create("Gone")
    await one.delete(gone.speaker_id, permanent=True)
    trashed = await one.call("ListTrashedSpeakers", speaker_pb2.ListTrashedSpeakersRequest())
    [observation] = await one.observations(ann)
    theirs = await other.create("Theirs")
    requests = _requests(
        ann, observation.observation_id, trashed.trashed[0].trash_id, theirs.speaker_id
    )
    service = speaker_pb2.DESCRIPTOR.services_by_name["SpeakerService"]
    assert requests.keys() | _OTHERS == {method.name for method in service.methods}
    before = await pools(database)
    for method, request in requests.items():
        with pytest.raises(NotFoundError):
            await other.call(method, request)
    assert await pools(database) == before
    foreign = await other.call("ListTrashedSpeakers", speaker_pb2.ListTrashedSpeakersRequest())
    assert (len(foreign.trashed), foreign.total) == (0, 0)
    # The workspace itself may do all of it.
    allowed = ("GetSpeaker", "GetSpeakerStatistics", "ListObservations", "GetProfileClip")
    for method in allowed:
        await one.call(method, requests[method])
    await one.call("RestoreSpeaker", requests["RestoreSpeaker"])
    assert await one.names() == ["Ann", "Gone"]


async def test_voices_are_recognized_in_their_workspace_only(
    closed: Service, database: Database
) -> None:
    mine, theirs = closed.transcriber("session_a"), closed.transcriber("session_b")
    ann = await taught(mine, named("Ann", 1, 1))
    bob = await taught(theirs, named("Bob", 1, 2), first=2)
    assert await pools(database, _POOLS_OF_PROTOTYPES) == [
        ("Ann", "session_a"), ("Bob", "session_b"),
    ]  # fmt: skip
    heard = named("", 1, 3)
    assert (await mine.recognize(3, heard))["Speaker_1"].speaker_id == ann
    assert (await theirs.recognize(4, heard))["Speaker_1"].speaker_id == bob
    assert (await closed.transcriber("session_c").recognize(5, heard))["Speaker_1"].speaker_id == 0
    print_ = voiceprint(person(1, recording=4))
    [candidate] = await closed.session("a").search_voices(print_)
    assert candidate.speaker.speaker_id == ann
    assert await closed.session("c").search_voices(print_) == []


async def test_enrolled_clips_count_for_their_workspace(closed: Service, peers: Peers) -> None:
    one, other = closed.session("a"), closed.session("b")
    ann = await one.create("Ann")
    peers.diarizer.hears(voiceprint(person(1)))
    request = speaker_pb2.EnrollSpeakerRequest(speaker_id=ann.speaker_id, content=wav(5.0))
    await one.call("EnrollSpeaker", request)
    print_ = voiceprint(person(1, recording=2))
    assert len(await one.search_voices(print_)) == 1
    assert await other.search_voices(print_) == []


async def test_a_decision_never_links_to_a_foreign_profile(closed: Service) -> None:
    mine, theirs = closed.transcriber("session_a"), closed.transcriber("session_b")
    ann = await taught(mine, named("Ann", 1, 1))
    decided = Named(label="Speaker_1", name="Ann", values=person(2), speaker_id=ann)
    link = (await theirs.decide(9, decided))["Speaker_1"]
    assert link.created
    assert link.speaker.speaker_id != ann
    assert await closed.session("b").names() == ["Ann"]


async def test_erasing_a_workspace_erases_its_profiles(closed: Service, database: Database) -> None:
    one, other = closed.session("a"), closed.session("b")
    await taught(closed.transcriber("session_a"), named("Ann", 1, 1, clip=b"fLaC"))
    await one.create("Ben")
    gone = await one.create("Gone")
    await one.delete(gone.speaker_id, permanent=True)
    stays = await taught(closed.transcriber("session_b"), named("Cleo", 2, 2), first=2)
    request = speaker_pb2.EraseWorkspaceVoicesRequest(workspace_id="session_a")
    await closed.service().call("EraseWorkspaceVoices", request)
    assert await pools(database) == [("Cleo", "session_b")]
    for table in ("observations", "prototypes", "trash", "trashed_profiles"):
        rows = await database.fetch_all(f"SELECT * FROM {table} t WHERE t::text LIKE '%session_a%'")
        assert not rows, table
    assert (await other.get(stays)).sample_count == 1
    # Repeating it, or erasing nobody's workspace, takes nothing from others.
    for workspace_id in ("session_a", "session_c"):
        request = speaker_pb2.EraseWorkspaceVoicesRequest(workspace_id=workspace_id)
        await closed.service().call("EraseWorkspaceVoices", request)
    assert await pools(database) == [("Cleo", "session_b")]


@contextlib.asynccontextmanager
async def opened(services: ServiceFactory) -> AsyncIterator[Service]:
    async with services.run() as running:
        yield running


async def test_profiles_of_the_open_mode_stay_until_they_are_moved(
    services: ServiceFactory, closed: Service, database: Database, announced: Heard
) -> None:
    async with opened(services) as before:
        ann = await taught(before.transcriber("session_a"), named("Ann", 1, 1))
        await taught(before.transcriber("session_b"), named("Bob", 2, 2), first=2)
        gone = await before.session("a").create("Gone")
        await before.session("a").delete(gone.speaker_id, permanent=True)
    one, other = closed.session("a"), closed.session("b")
    assert await one.names() == await other.names() == []
    heard = named("", 1, 3)
    recognized = await closed.transcriber("session_a").recognize(3, heard)
    assert recognized["Speaker_1"].speaker_id == 0
    tried = await move_profiles(database, "session_a", dry_run=True)
    assert (tried.moved, tried.left) == (("Ann", "Bob"), ())
    assert await one.names() == []

    taken = await one.create("Bob")
    moved = await move_profiles(database, "session_a", taught_only=True)
    assert (moved.moved, moved.left) == (("Ann",), ())
    assert await one.names() == ["Ann", "Bob"]
    assert await other.names() == []
    again = await closed.transcriber("session_a").recognize(3, heard)
    assert again["Speaker_1"].speaker_id == ann
    # Followers learn whose profile it is now.
    await announced.reached(
        lambda event: (
            (event.speaker_updated.name, event.speaker_updated.workspace_id) == ("Ann", "session_a")
        )
    )

    rest = await move_profiles(database, "session_a")
    assert (rest.moved, rest.left) == ((), ("Bob",))
    await one.update(taken.speaker_id, name="Robert")
    rest = await move_profiles(database, "session_a")
    assert (rest.moved, rest.left) == (("Bob",), ())
    assert await one.names() == ["Ann", "Bob", "Robert"]
    trashed = await one.call("ListTrashedSpeakers", speaker_pb2.ListTrashedSpeakersRequest())
    await one.call(
        "RestoreSpeaker", speaker_pb2.RestoreSpeakerRequest(trash_id=trashed.trashed[0].trash_id)
    )
    assert await one.names() == ["Ann", "Bob", "Gone", "Robert"]


async def test_merges_of_merged_profiles_move_too(
    services: ServiceFactory, closed: Service, database: Database
) -> None:
    async with opened(services) as before:
        mine, user = before.transcriber("session_a"), before.session("a")
        ann = await taught(mine, named("Ann", 1, 1))
        bob = await taught(mine, named("Bob", 2, 2), first=2)
        cleo = await taught(mine, named("Cleo", 3, 3), first=3)
        await merge(user, bob, ann)
        await merge(user, cleo, bob)
        await user.delete(cleo, permanent=True)
    await move_profiles(database, "session_a")
    one = closed.session("a")
    for name in ("Cleo", "Bob", "Ann"):
        assert (await restore(one, (await trash(one))[0].trash_id)).name == name
    assert await pools(database) == [(name, "session_a") for name in ("Ann", "Bob", "Cleo")]


async def test_a_split_between_pools_cannot_be_undone(
    services: ServiceFactory, closed: Service, database: Database
) -> None:
    async with opened(services) as before:
        mine, user = before.transcriber("session_a"), before.session("a")
        ann = await taught(mine, named("Ann", 1, 1))
        await taught(mine, named("Ann", 2, 2), first=2)
        rows = await user.observations(ann)
        bob = (await split(user, ann, [rows[0].observation_id], "Bob")).target.speaker_id
    one = closed.session("a")
    taken = await one.create("Bob")
    moved = await move_profiles(database, "session_a")
    assert (moved.moved, moved.left) == (("Ann",), ("Bob",))
    assert await trash(one) == []
    # Even an entry that an earlier version moved leaves the other pool alone.
    await database.execute("UPDATE trash SET pool = 'session_a'")
    [entry] = await trash(one)
    with pytest.raises(StateError, match="does not exist"):
        await restore(one, entry.trash_id)
    await database.execute("UPDATE trash SET pool = ''")
    # Once both are in the workspace, it can be undone.
    await one.update(taken.speaker_id, name="Robert")
    await move_profiles(database, "session_a")
    [entry] = await trash(one)
    assert (await restore(one, entry.trash_id)).sample_count == 2
    with pytest.raises(NotFoundError):
        await one.get(bob)


async def test_a_repeated_decision_teaches_the_workspace(
    services: ServiceFactory, closed: Service
) -> None:
    """Names of a claimed workspace teach its own profiles once its transcripts change."""
    async with opened(services) as before:
        ann = await taught(before.transcriber("session_a"), named("Ann", 1, 1))
    link = (await closed.transcriber("session_a").decide(1, named("Ann", 1, 1, speaker_id=ann)))[
        "Speaker_1"
    ]
    assert link.created
    assert (await closed.session("a").get(link.speaker.speaker_id)).sample_count == 1


async def test_only_identifiers_of_workspaces_get_profiles(database: Database) -> None:
    for name in ("", "a b", "x" * 129):
        with pytest.raises(ValidationError):
            await move_profiles(database, name)


async def test_the_open_mode_shares_profiles_as_before(services: ServiceFactory) -> None:
    async with opened(services) as service:
        await service.session("a").create("Ann")
        assert await service.session("b").names() == ["Ann"]
