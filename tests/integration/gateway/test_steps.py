"""Every background step of the gateway, with one item among ten that always fails."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
from nats.aio.client import Client
from nats.js.api import RetentionPolicy, StreamConfig

from common import bus
from common.background.registry import Background
from common.postgres import Database
from gateway.app import Gateway
from gateway.settings import GatewaySettings
from tests.integration.emptying import empty
from tests.integration.gateway.conftest import SECRET
from tests.integration.isolation import StepTests, steps_of
from tests.integration.serving import migrated

_SESSIONS = """
INSERT INTO sessions (session_id, token_sha256, created_at, last_accessed_at, expires_at)
SELECT 'old ' || n, 'hash ' || n, now(), now(), now() - interval '90 days'
FROM generate_series(1, 10) AS n
"""


_WORKSPACES = """
INSERT INTO ended_workspaces (workspace_id, reason, ended_at, erase_at)
SELECT 'ended ' || n, 'session invalidated', now(), now() FROM generate_series(1, 10) AS n
"""


#: Streams of their own, since gateways of other tests take messages from the common ones.
_STREAM, _SUBJECT = "AUDIT_STEPS", "steps.audit"
_EVENTS, _EVENT_SUBJECT = "EVENTS_STEPS", "steps.events"


class World:
    def __init__(self, database: Database, nats: Client) -> None:
        self._database = database
        self._stream = nats.jetstream()

    async def __call__(self) -> None:
        await empty(self._database, "sessions", "ended_workspaces", "item_attempts")
        await self._database.execute(_SESSIONS)
        await self._database.execute(_WORKSPACES)
        await self._stream.purge_stream(_STREAM)
        await self._stream.purge_stream(_EVENTS)
        for number in range(10):
            await self._stream.publish(_SUBJECT, b"%d" % number)
            await self._stream.publish(_EVENT_SUBJECT, b"%d" % number)

    def repeat(self) -> None:
        pass


@pytest.fixture
async def database(empty_schema: str) -> AsyncIterator[Database]:
    """Tables that gateways of other tests take no items from."""
    async with migrated(empty_schema, "gateway") as database:
        yield database


@pytest.fixture
def world(database: Database, nats: Client) -> World:
    return World(database, nats)


@pytest.fixture
async def background(
    database: Database, nats: Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Background]:
    monkeypatch.setattr(bus, "AUDIT_STREAM", _STREAM)
    stream = nats.jetstream()
    await stream.add_stream(
        StreamConfig(name=_STREAM, subjects=[_SUBJECT], retention=RetentionPolicy.WORK_QUEUE)
    )
    await stream.add_consumer(_STREAM, bus.audit_consumer())
    monkeypatch.setattr(bus, "EVENTS_STREAM", _EVENTS)
    await stream.add_stream(StreamConfig(name=_EVENTS, subjects=[_EVENT_SUBJECT]))
    consumer = bus.webhooks_consumer().evolve(filter_subjects=[_EVENT_SUBJECT])
    monkeypatch.setattr(bus, "webhooks_consumer", lambda: consumer)
    await stream.add_consumer(_EVENTS, consumer)
    settings = GatewaySettings(
        secret_key=SECRET, grpc_port=0, port=0, database_url="postgresql://unused"
    )
    gateway = Gateway(settings, database, nats)
    yield gateway.background()
    await gateway.close()


class TestGateway(StepTests):
    steps: ClassVar = [kind.name for kind in steps_of("gateway")]
