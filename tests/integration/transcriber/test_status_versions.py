"""Versions of statuses change with everything that a status shows."""

from typing import Any

import pytest

from common.errors import AuthorizationError, NotFoundError, ValidationError
from common.grpc_client import unwrap
from common.identity import Grant
from common.signing import CallSigner, digest_of
from securetranscribe.v1 import status_pb2, status_pb2_grpc, transcription_pb2
from tests.integration.transcriber.conftest import SECRET, Api, Caller
from tests.integration.transcriber.fakes import WorkerFactory
from tests.integration.transcriber.library.callers import Librarian


async def read(
    caller: Caller, number: int, known: str = ""
) -> transcription_pb2.GetTranscriptionResponse:
    request = transcription_pb2.GetTranscriptionRequest(
        transcription_id=number,
        view=transcription_pb2.TRANSCRIPTION_VIEW_FULL,
        known_version=known,
    )
    call = caller.transcriptions.GetTranscription(request, metadata=caller.metadata)
    answer: transcription_pb2.GetTranscriptionResponse = await unwrap(call)
    return answer


async def test_known_version_is_not_sent_again(caller: Caller) -> None:
    number = await caller.upload_id()
    first = await read(caller, number)
    assert first.version
    assert first.transcription.transcription_id == number

    same = await read(caller, number, first.version)

    assert same.version == first.version
    assert not same.HasField("transcription")
    assert (await read(caller, number, "another")).HasField("transcription")


async def test_every_change_makes_a_version(api: Api, caller: Caller) -> None:
    librarian = Librarian(api, caller)
    number = await caller.upload_id()
    tag, other = await librarian.tag("Budget"), await librarian.tag("Other")
    seen = {(await read(caller, number)).version}
    for changes in (
        {"title": "A title"},
        {"favorite": True},
        {"favorite": False},
        {"tags": {"tag_ids": [tag]}},
        {"tags": {"tag_ids": [tag, other]}},
        {"tags": {"tag_ids": [other]}},
    ):
        await librarian.update(number, **changes)
        version = (await read(caller, number)).version
        assert version not in seen, changes
        seen.add(version)
    await librarian.call("UpdateTag", tag_id=other, name="Renamed", color="")
    renamed = await read(caller, number)
    assert renamed.version not in seen
    assert [one.name for one in renamed.transcription.tags] == ["Renamed"]


async def test_live_job_has_no_version(caller: Caller, worker_factory: WorkerFactory) -> None:
    number = await caller.upload_id()
    before = (await read(caller, number)).version
    await caller.start(number)
    live = await read(caller, number, before)
    assert live.version == ""
    assert live.HasField("transcription")

    async with worker_factory.both():
        await caller.ended(number)

    ended = await read(caller, number, before)
    assert ended.version not in {"", before}
    assert len(ended.transcription.segments) == 2


async def test_names_of_speakers_make_a_version(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    number = await caller.upload_id(auto_start=True)
    async with worker_factory.both():
        await caller.ended(number)
    before = (await read(caller, number)).version
    request = transcription_pb2.AssignSpeakersRequest(
        transcription_id=number, names={"Speaker_1": "Anna"}
    )
    await unwrap(caller.transcriptions.AssignSpeakers(request, metadata=caller.metadata))

    after = await read(caller, number, before)

    assert after.version != before
    assert after.transcription.segments[0].speaker_name == "Anna"


async def test_trash_hides_a_known_version(api: Api, caller: Caller) -> None:
    number = await caller.upload_id()
    version = (await read(caller, number)).version
    await Librarian(api, caller).call("TrashTranscription", transcription_id=number)
    with pytest.raises(NotFoundError):
        await read(caller, number, version)


async def test_version_of_others_is_not_found(api: Api, caller: Caller) -> None:
    number = await caller.upload_id()
    version = (await read(caller, number)).version
    with pytest.raises(NotFoundError):
        await read(api.caller("b"), number, version)


async def versions(api: Api, *wanted: tuple[int, str], metadata: Any = None) -> list[str]:
    request = status_pb2.GetStatusVersionsRequest(
        transcriptions=[
            status_pb2.OwnedTranscription(transcription_id=number, workspace_id=owner)
            for number, owner in wanted
        ]
    )
    signed = CallSigner(SECRET, "gateway").sign(
        "transcriber",
        "/securetranscribe.v1.StatusService/GetStatusVersions",
        digest=digest_of(request.SerializeToString()),
        owner=Grant(),
    )
    stub = status_pb2_grpc.StatusServiceStub(api.channel)
    call = stub.GetStatusVersions(request, metadata=metadata or tuple(signed.items()))
    return list((await unwrap(call)).versions)


async def test_versions_of_several_are_those_of_each(api: Api, caller: Caller) -> None:
    first, second, live = [await caller.upload_id() for _ in range(3)]
    trashed = await caller.upload_id()
    await caller.start(live)
    await Librarian(api, caller).call("TrashTranscription", transcription_id=trashed)
    owner = (await read(caller, first)).transcription.session_id
    expected = [(await read(caller, number)).version for number in (second, first)]
    assert "" not in expected

    wanted = [(number, owner) for number in (second, first, live, trashed, 999)]
    found = await versions(api, *wanted, (first, "another"), (second, owner))

    assert found == [*expected, "", "", "", "", expected[0]]
    assert await versions(api) == []


async def test_only_services_ask_for_versions(api: Api, caller: Caller) -> None:
    with pytest.raises(AuthorizationError):
        await versions(api, (1, "a"), metadata=caller.metadata)


async def test_number_of_versions_is_limited(api: Api) -> None:
    with pytest.raises(ValidationError):
        await versions(api, *[(number, "a") for number in range(501)])
