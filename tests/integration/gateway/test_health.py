"""Health, readiness and metrics."""

import asyncio
import datetime as dt
import re

import httpx2

from common import runtime
from common.postgres import Database
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.peers import Peers


async def test_documented_health(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"status", "version", "timestamp"}
    assert body["status"] == "healthy"
    assert dt.datetime.strptime(body["timestamp"], "%Y-%m-%dT%H:%M:%S%z")
    assert "set-cookie" not in answer.headers


async def test_database_and_readiness(client: httpx2.AsyncClient) -> None:
    database = (await client.get("/health/db")).json()
    assert (database["status"], database["database"]) == ("healthy", "connected")
    ready = (await client.get("/health/ready")).json()
    assert ready["status"] == "ready"
    assert ready["checks"] == {"database": "ok", "events": "ok"}


async def test_an_unavailable_database(
    running: Running, client: httpx2.AsyncClient, database: Database
) -> None:
    await database.close()
    try:
        answer = await client.get("/health/db")
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200
        call = await client.get("/api/queue/status")
        assert call.status_code == 503
        assert int(call.headers["x-ratelimit-limit"]) > 0
    finally:
        database._pool = Database(running.settings)._pool
        await runtime.eventually(database.open)


async def test_a_stopping_gateway_is_not_ready(make_gateway: MakeGateway) -> None:
    async with make_gateway() as ending, ending.client() as client:
        assert (await client.get("/health/ready")).status_code == 200
        ending.gateway._health.stop()
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200


async def test_metric_labels_are_route_templates(client: httpx2.AsyncClient) -> None:
    await client.get("/api/transcription/status/123456")
    text = (await client.get("/metrics")).text
    assert 'route="/api/transcription/status/{transcription_id}"' in text
    # Numbers of the measurements may have these digits by chance.
    assert not [label for label in re.findall(r'="([^"]*)"', text) if "123456" in label]
    assert "securetranscribe_websockets" in text


async def test_metrics_can_be_disabled(make_gateway: MakeGateway) -> None:
    async with make_gateway(enable_metrics=False) as quiet, quiet.client() as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_requests_in_flight_are_completed(make_gateway: MakeGateway, peers: Peers) -> None:
    go_on = peers.transcriber.go_on = asyncio.Event()
    peers.transcriber.waiting = 0
    try:
        async with make_gateway(shutdown_grace_seconds=60) as ending, ending.client() as client:
            calls = [asyncio.create_task(client.get("/api/queue/status")) for _ in range(20)]
            await until(lambda: peers.transcriber.waiting == len(calls))
            ending.supervisor.stop()
            await _refuses_connections(ending)
            go_on.set()
            answers = await asyncio.gather(*calls)
    finally:
        peers.transcriber.go_on = None
    assert {answer.status_code for answer in answers} == {200}


async def _refuses_connections(ending: Running) -> None:
    """Wait until new connections are refused."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", ending.gateway.http_port)
            except ConnectionError:
                return
            writer.close()
            await asyncio.sleep(0.02)
