"""What all sessions of one address can have of the queue and of the storage."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from common import bus
from common.bus import Delivery
from common.errors import ResourceExhaustedError
from common.objects import ObjectStore
from common.postgres import Database
from common.runtime import Supervisor
from gateway.app import Gateway
from gateway.settings import GatewaySettings
from tests.integration.serving import migrated
from tests.integration.transcriber.conftest import SECRET, ApiFactory
from tests.integration.transcriber.fakes import Peers, WorkerFactory, until, wav
from tests.integration.transcriber.queue.test_quotas import from_address, outcomes, rows
from tests.limits import UNLIMITED_FIELDS
from tests.ports import free_port

SMALL = wav(2.0)
NEAR, EXTRA, FAR = "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"
_ORIGINS = "SELECT origin, count(*) AS recordings FROM transcriptions GROUP BY origin ORDER BY 2"


@pytest.mark.parametrize("announced", [True, False])
async def test_storage_of_an_address_is_exact(
    apis: ApiFactory, database: Database, objects: ObjectStore, *, announced: bool
) -> None:
    size = len(SMALL)
    config: dict[str, Any] = {"size_bytes": size} if announced else {}
    async with apis.run(max_stored_bytes_per_address=3 * size + size // 2) as api:
        await from_address(api.caller("a"), NEAR).upload(SMALL)
        callers = [from_address(api.caller(name), EXTRA) for name in "bcdef"]
        succeeded, refused = await outcomes(*(one.upload(SMALL, **config) for one in callers))
        # Uploads of unknown size reserve more than they need while they last.
        assert succeeded == 2 if announced else 1 <= succeeded <= 2
        assert all("limit for one address" in one.message for one in refused)
        await from_address(api.caller("g"), FAR).upload(SMALL)
        assert await rows(database) == len(await objects.keys("audio")) == succeeded + 2


async def test_larger_files_than_announced_count_for_the_address(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    async with apis.run(max_stored_bytes_per_address=2 * len(SMALL)) as api:
        with pytest.raises(ResourceExhaustedError, match="The recordings of your address"):
            await from_address(api.caller("a"), NEAR).upload(wav(10.0), size_bytes=10)
        assert await rows(database) == 0
        assert not await objects.keys("audio")
        await from_address(api.caller("b"), NEAR).upload(SMALL, size_bytes=10)


async def test_deleted_recordings_make_room_for_the_address(apis: ApiFactory) -> None:
    async with apis.run(max_stored_bytes_per_address=len(SMALL)) as api:
        caller, other = (from_address(api.caller(name), NEAR) for name in "ab")
        first = await caller.upload_id(SMALL)
        with pytest.raises(ResourceExhaustedError):
            await other.upload(SMALL)
        await caller.delete(first)
        await other.upload(SMALL)


async def test_sound_of_an_address_in_the_queue_is_limited(
    apis: ApiFactory, database: Database
) -> None:
    async with apis.run(max_queued_duration_per_address=10) as api:
        # One recording is admitted, however long it is.
        first = from_address(api.caller("a"), NEAR)
        long = await first.upload(wav(12.0), auto_start=True)
        other = from_address(api.caller("b"), EXTRA)
        with pytest.raises(ResourceExhaustedError, match="your address in the queue have 0:00:12"):
            await other.upload(SMALL, auto_start=True)
        assert await rows(database) == 1
        await from_address(api.caller("c"), FAR).upload(SMALL, auto_start=True)
        await first.cancel(long.job.job_id)
        callers = [from_address(api.caller(name), NEAR) for name in "defg"]
        ids = [await one.upload_id(wav(4.0)) for one in callers]
        succeeded, refused = await outcomes(
            *(one.start(each) for one, each in zip(callers, ids, strict=True))
        )
        assert (succeeded, len(refused)) == (2, 2)
        assert refused[0].details["max_queued_duration"] == "10s"


async def test_erased_recordings_leave_no_address(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database
) -> None:
    async with apis.run(cleanup_delay=0) as api, worker_factory.both():
        caller = from_address(api.caller("a"), NEAR)
        answer = await caller.upload(auto_start=True)
        assert (await database.fetch_all(_ORIGINS))[0]["origin"]
        await caller.ended(answer.transcription.transcription_id)

        async def gone() -> bool:
            return not (await database.fetch_all(_ORIGINS))[0]["origin"]

        await until(gone)


@dataclass(frozen=True, kw_only=True)
class RunningGateway:
    """Addresses of a gateway."""

    url: str
    grpc_address: str

    async def upload(self, address: str, *, auto_start: bool = False) -> httpx2.Response:
        """Upload a file with a new session, as a client without cookies does."""
        headers = {"X-Forwarded-For": address}
        async with httpx2.AsyncClient(base_url=self.url, timeout=60, headers=headers) as client:
            return await client.post(
                "/api/transcription/upload",
                files={"file": ("talk.wav", SMALL, "audio/wav")},
                data={"auto_start": str(auto_start).lower(), "language": "en"},
            )


@asynccontextmanager
async def running_gateway(
    database_url: str, nats_url: str, peers: Peers, transcriber: str
) -> AsyncIterator[RunningGateway]:
    """Run a gateway in front of a transcriber that may start later."""
    own: dict[str, Any] = {
        **UNLIMITED_FIELDS,
        "secret_key": SECRET,
        "grpc_port": free_port(),
        "port": free_port(),
        "database_url": database_url,
        "transcriber_grpc": transcriber,
        "speakers_grpc": peers.address,
        "exporter_grpc": peers.address,
        "shutdown_grace_seconds": 2,
    }
    settings = GatewaySettings(**own)
    nats = await bus.connect(nats_url, name="gateway-test", wait_seconds=20)
    await bus.ensure_streams(nats.jetstream(), Delivery())
    async with migrated(database_url, "gateway") as opened:
        supervisor = Supervisor()
        gateway = Gateway(settings, opened, nats)
        running = asyncio.create_task(gateway.run(supervisor))
        try:
            url = f"http://127.0.0.1:{settings.port}"
            await _listening(url, running)
            yield RunningGateway(url=url, grpc_address=f"127.0.0.1:{settings.grpc_port}")
        finally:
            supervisor.stop()
            await running
            await supervisor.cancel()
            await gateway.close()
    await bus.close(nats)


async def _listening(url: str, running: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient() as client:
        while not running.done():
            try:
                if (await client.get(f"{url}/health")).status_code == 200:
                    return
            except httpx2.HTTPError:
                await asyncio.sleep(0.02)
    running.result()


async def test_new_session_per_rest_call_is_held_to_the_quotas_of_its_address(
    apis: ApiFactory,
    database: Database,
    postgres_url: Callable[[str], str],
    nats_url: str,
    peers: Peers,
) -> None:
    port = free_port()
    async with (
        running_gateway(postgres_url("gateway"), nats_url, peers, f"127.0.0.1:{port}") as gateway,
        apis.run(
            grpc_port=port,
            gateway_grpc=gateway.grpc_address,
            max_stored_bytes_per_address=4 * len(SMALL),
            max_queued_duration_per_address=3,
        ),
    ):
        first = await gateway.upload(NEAR, auto_start=True)
        assert first.is_success, first.text
        refused = await gateway.upload(NEAR, auto_start=True)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "RESOURCE_EXHAUSTED")
        assert "The recordings of your address in the queue" in refused.json()["error"]["message"]
        answers = [first]
        while (answer := await gateway.upload(EXTRA)).is_success:
            answers.append(answer)
            assert len(answers) <= 4
        # Those who do not announce a size reserve more for a moment.
        assert answer.status_code == 503
        assert "limit for one address" in answer.json()["error"]["message"]
        assert (await gateway.upload(FAR)).is_success
        sessions = await database.fetch_all("SELECT DISTINCT session_id FROM transcriptions")
        assert len(sessions) == len(answers) + 1
        counted = await database.fetch_all(_ORIGINS)
        assert [row["recordings"] for row in counted] == [1, len(answers)]
        assert all(row["origin"] and "2001" not in row["origin"] for row in counted)
