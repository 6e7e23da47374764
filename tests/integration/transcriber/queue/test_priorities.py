"""Priorities above the default are for administrators."""

from collections.abc import Awaitable, Callable

import pytest

from common.errors import AuthorizationError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import queue_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller

_JOBS = "SELECT count(*) AS jobs FROM jobs"
_UPLOADS = (
    "SELECT (SELECT count(*) FROM uploads) + (SELECT count(*) FROM transcriptions) AS uploads"
)


async def _upload(caller: Caller, priority: int) -> None:
    await caller.upload(auto_start=True, priority=priority)


async def _start(caller: Caller, priority: int) -> None:
    await caller.start(await caller.upload_id(), priority=priority)


async def _update(caller: Caller, priority: int) -> None:
    job = await caller.start(await caller.upload_id())
    request = queue_pb2.UpdateJobPriorityRequest(job_id=job.job_id, priority=priority)
    call = caller.queue.UpdateJobPriority(request, metadata=caller.metadata)
    assert (await unwrap(call)).job.priority == priority


Door = Callable[[Caller, int], Awaitable[None]]
every_door = pytest.mark.parametrize("door", [_upload, _start, _update])


@every_door
async def test_high_priority_needs_the_token_of_an_administrator(api: Api, door: Door) -> None:
    for caller in (api.caller(), api.caller(admin_token="another token that is long enough")):
        for priority in (6, 10):
            with pytest.raises(AuthorizationError, match=r"priority above 5.*x-admin-token"):
                await door(caller, priority)
    await door(api.administrator(), 6)
    await door(api.administrator(), 10)


@every_door
async def test_usual_and_low_priority_are_free(api: Api, door: Door) -> None:
    await door(api.caller(), 1)
    await door(api.caller(), 5)


async def test_refused_calls_leave_nothing_behind(
    api: Api, database: Database, objects: ObjectStore
) -> None:
    with pytest.raises(AuthorizationError):
        await _upload(api.caller(), 6)
    row = await database.fetch_one(_UPLOADS)
    assert row is not None
    assert row["uploads"] == 0
    assert not await objects.keys("audio")
    with pytest.raises(AuthorizationError):
        await _start(api.caller(), 6)
    row = await database.fetch_one(_JOBS)
    assert row is not None
    assert row["jobs"] == 0


async def test_there_are_no_administrators_without_a_token(apis: ApiFactory) -> None:
    async with apis.run(admin_token="") as api:
        for caller in (api.caller(), api.administrator()):
            with pytest.raises(AuthorizationError):
                await _start(caller, 6)
