"""Erasure of persons, of workspaces and of all voices."""

import datetime as dt

import pytest

from common.errors import AuthorizationError, NotFoundError, SpeakerError
from common.postgres import Database
from common.times import timestamp
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Service, ServiceFactory, prototypes
from tests.integration.speakers.test_ledger import named, taught

_ROWS = """
SELECT (SELECT count(*) FROM decisions) AS decisions,
       (SELECT count(*) FROM recognitions) AS recognitions,
       (SELECT count(*) FROM observations) AS observations,
       (SELECT count(*) FROM observations WHERE clip IS NOT NULL) AS clips,
       (SELECT count(*) FROM observations WHERE session_id || workspace_id <> '') AS owned
"""


async def erase_workspace(service: Service, workspace_id: str) -> int:
    request = speaker_pb2.EraseWorkspaceVoicesRequest(workspace_id=workspace_id)
    answer = await service.service().call("EraseWorkspaceVoices", request)
    return int(answer.voices)


async def counts(database: Database) -> dict[str, int]:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return dict(row)


async def test_named_voices_stay_as_numbers(
    service: Service, user: Caller, transcriber: Caller, database: Database
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1, clip=b"fLaC"))
    await transcriber.recognize(2, named("", 1, 2))
    assert await counts(database) == {
        "decisions": 1, "recognitions": 1, "observations": 1, "clips": 1, "owned": 1,
    }  # fmt: skip
    assert await erase_workspace(service, "session_a") == 2
    # Nobody else may hear a clip, so it goes with the workspace.
    assert await counts(database) == {
        "decisions": 0, "recognitions": 0, "observations": 1, "clips": 0, "owned": 0,
    }  # fmt: skip
    assert (await user.get(ann)).name == "Ann"
    again = await transcriber.recognize(3, named("", 1, 3))
    assert again["Speaker_1"].speaker_id == ann
    assert await erase_workspace(service, "session_b") == 0


async def test_shared_clips_stay_with_their_profiles(
    services: ServiceFactory, database: Database
) -> None:
    async with services.run(share_voice_clips=True) as service:
        await taught(service.transcriber(), named("Ann", 1, 1, clip=b"fLaC"))
        await erase_workspace(service, "session_a")
        assert (await counts(database))["clips"] == 1
        assert (await counts(database))["observations"] == 1


async def test_names_without_a_voice_vanish(
    service: Service, user: Caller, transcriber: Caller
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1, seconds=0.5))
    await erase_workspace(service, "session_a")
    with pytest.raises(NotFoundError):
        await user.get(ann)


async def test_voices_of_persons_are_erased(
    service: Service, user: Caller, transcriber: Caller, database: Database
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1))
    ben = await taught(transcriber, named("Ben", 2, 2), first=2)
    past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    call = service.service().call
    # A restored backup has given out the identifier of an erased profile again.
    request = speaker_pb2.EraseVoicesRequest(speaker_ids=[ann], created_before=timestamp(past))
    assert (await call("EraseVoices", request)).erased == 0
    request = speaker_pb2.EraseVoicesRequest(speaker_ids=[ann, 999_999])
    assert (await call("EraseVoices", request)).erased == 1
    assert (await call("EraseVoices", request)).erased == 0
    with pytest.raises(NotFoundError):
        await user.get(ann)
    assert (await user.get(ben)).name == "Ben"
    assert (await counts(database))["observations"] == 1


async def test_sessions_cannot_erase(user: Caller) -> None:
    for method, request in (
        ("EraseVoices", speaker_pb2.EraseVoicesRequest(speaker_ids=[1])),
        ("EraseWorkspaceVoices", speaker_pb2.EraseWorkspaceVoicesRequest(workspace_id="x")),
    ):
        with pytest.raises(AuthorizationError):
            await user.call(method, request)


async def test_no_voice_is_kept_without_memory(
    services: ServiceFactory, database: Database
) -> None:
    async with services.run() as service:
        ann = await taught(service.transcriber(), named("Ann", 1, 1))
        assert (await counts(database))["observations"] == 1
    async with services.run(voice_memory="off") as service:
        user = service.session()
        assert (await counts(database))["observations"] == 0
        assert await prototypes(database) == []
        profile = await user.get(ann)
        assert (profile.name, profile.sample_count) == ("Ann", 0)
        ben = await taught(service.transcriber(), named("Ben", 2, 2), first=2)
        assert (await user.get(ben)).name == "Ben"
        assert (await counts(database))["observations"] == 0
        request = speaker_pb2.EnrollSpeakerRequest(speaker_id=ann, content=b"clip")
        with pytest.raises(SpeakerError, match="not remembered"):
            await user.call("EnrollSpeaker", request)
