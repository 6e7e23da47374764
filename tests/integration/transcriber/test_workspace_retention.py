"""Recordings are kept as long as their workspace says.

No api runs meanwhile that keeps the recordings of others for a shorter time.
"""

import datetime as dt

import pytest

from common.objects import ObjectStore
from common.postgres import Database
from common.times import duration, moment
from tests.integration.transcriber.conftest import ApiFactory
from tests.integration.transcriber.fakes import WorkerFactory, until
from tests.integration.transcriber.test_workspace_settings import AGE, DAY, gateway_of


async def test_recordings_of_one_workspace_go_earlier(
    apis: ApiFactory,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
) -> None:
    async with apis.run(cleanup_delay=30 * DAY) as api, gateway_of(api) as gateway:
        mine, other = api.caller("a"), api.caller("b")
        async with worker_factory.both():
            gone, stays = [await one.upload_id(auto_start=True) for one in (mine, other)]
            await mine.ended(gone)
            await other.ended(stays)
        before = await mine.get(gone)
        await gateway.change("session_a", processed_recording=duration(DAY))
        shown = await mine.get(gone)
        assert moment(shown.recording_keep_until_time) - moment(
            shown.complete_time
        ) == pytest.approx(dt.timedelta(days=1), abs=dt.timedelta(minutes=1))
        assert before.recording_keep_until_time != shown.recording_keep_until_time
        await database.execute(AGE, {"days": 2})
    async with apis.run(cleanup_delay=30 * DAY):

        async def only_theirs() -> bool:
            return f"{gone}/source" not in await objects.keys("audio")

        await until(only_theirs)
        assert f"{stays}/source" in await objects.keys("audio")
