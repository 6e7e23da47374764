"""Workspaces that end with their last session, and are erased by all services."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from common.postgres import Database
from gateway.backends import Backends
from gateway.sessions.erasure import WorkspaceErasure, WorkspaceSurvey
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Expiry, Session
from gateway.sessions.store import SessionStore
from gateway.sessions.sweeper import SessionSweep
from gateway.sessions.tokens import RequestKeys
from tests.integration.emptying import empty
from tests.integration.gateway.conftest import MakeGateway
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_session_store import EXPIRY, GRACE, HOUR, Clock

FOREVER = Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5))


class World:
    """The steps of a gateway on a clock of their own."""

    def __init__(self, database: Database, clock: Clock, backends: Backends) -> None:
        self.database = database
        self.clock = clock
        self._backends = backends
        self.registry = self.registry_of(EXPIRY)

    def registry_of(self, expiry: Expiry) -> SessionRegistry:
        async def silent(session: Session) -> None:
            return None

        return SessionRegistry(
            SessionStore(self.database),
            expiry=expiry,
            request_keys=RequestKeys("secret"),
            announce_revoked=silent,
            clock=self.clock,
        )

    async def sweep(self, expiry: Expiry = EXPIRY) -> None:
        await SessionSweep(self.database, expiry, self.clock).step()

    async def erase(self, expiry: Expiry = EXPIRY) -> None:
        """Have all services erase what is due."""
        await self.database.execute("DELETE FROM item_attempts")
        services = self._backends.erasures()
        await WorkspaceErasure(self.database, services, expiry, self.clock).step()

    async def survey(self) -> None:
        await WorkspaceSurvey(self.database, self._backends.workspaces, self.clock).step()

    async def ended(self) -> dict[str, str]:
        """Return the reasons of ended workspaces."""
        rows = await self.database.fetch_all("SELECT workspace_id, reason FROM ended_workspaces")
        return {row["workspace_id"]: row["reason"] for row in rows}

    async def erased(self) -> set[str]:
        rows = await self.database.fetch_all(
            "SELECT workspace_id FROM ended_workspaces WHERE erased_at IS NOT NULL"
        )
        return {row["workspace_id"] for row in rows}


@pytest.fixture
async def world(
    database: Database, make_gateway: MakeGateway, peers: Peers
) -> AsyncIterator[World]:
    # The gateway's own steps wait while these tests take them.
    async with make_gateway(session_sweep_seconds=100_000) as running:
        await empty(database, "sessions", "ended_workspaces", "item_attempts")
        peers.transcriber.erased.clear()
        peers.speakers.erased.clear()
        yield World(database, Clock(), running.gateway._backends)
    peers.speakers.away = False
    peers.transcriber.workspaces = set()


async def test_a_workspace_is_erased_when_its_grace_is_over(world: World, peers: Peers) -> None:
    session, _ = await world.registry.create()
    world.clock.now += GRACE
    await world.sweep()
    await world.erase()
    assert await world.ended() == {}
    world.clock.now += HOUR
    await world.sweep()
    assert await world.ended() == {session.workspace_id: "grace period over"}
    await world.erase()
    await world.erase()
    assert await world.erased() == {session.workspace_id}
    # Gateways of other tests may just have erased what these left.
    erased = [one for one in peers.transcriber.erased if one[0] == session.workspace_id]
    assert erased == [(session.workspace_id, "grace period over")]
    assert peers.speakers.erased == [session.workspace_id]


async def test_an_invalidated_session_ends_its_workspace_at_once(
    world: World, peers: Peers
) -> None:
    session, _ = await world.registry.create()
    await world.registry.invalidate(session.session_id)
    await world.sweep()
    await world.erase()
    assert peers.transcriber.erased == [(session.workspace_id, "session invalidated")]


async def test_a_resumed_session_keeps_its_workspace(world: World) -> None:
    _, token = await world.registry.create()
    world.clock.now += GRACE
    resumed, _ = await world.registry.resume(token)
    world.clock.now += HOUR
    await world.sweep()
    assert await world.ended() == {}
    rows = await world.database.fetch_all("SELECT session_id FROM sessions")
    assert [row["session_id"] for row in rows] == [resumed.session_id]
    world.clock.now += HOUR + GRACE
    await world.sweep()
    assert await world.ended() == {resumed.workspace_id: "grace period over"}


async def test_without_an_end_of_the_grace_period_only_invalidated_ones_end(world: World) -> None:
    registry = world.registry_of(FOREVER)
    await registry.create()
    invalidated, _ = await registry.create()
    await registry.invalidate(invalidated.session_id)
    world.clock.now += dt.timedelta(days=3650)
    await world.sweep(FOREVER)
    assert await world.ended() == {invalidated.workspace_id: "session invalidated"}


async def test_erasure_goes_on_with_the_service_that_was_away(world: World, peers: Peers) -> None:
    session, _ = await world.registry.create()
    await world.registry.invalidate(session.session_id)
    await world.sweep()
    peers.speakers.away = True
    with pytest.raises(Exception, match="database does not answer"):
        await world.erase()
    assert await world.erased() == set()
    peers.speakers.away = False
    await world.erase()
    assert await world.erased() == {session.workspace_id}
    assert len(peers.transcriber.erased) == 1
    assert peers.speakers.erased == [session.workspace_id]


async def test_workspaces_without_a_session_count_from_when_they_are_found(
    world: World, peers: Peers
) -> None:
    session, _ = await world.registry.create()
    peers.transcriber.workspaces = {f"old_{n}" for n in range(5)} | {session.workspace_id}
    await world.survey()
    old = {f"old_{n}": "no session left" for n in range(5)}
    assert await world.ended() == old
    world.clock.now += GRACE - dt.timedelta(seconds=1)
    await world.survey()
    await world.erase()
    assert peers.transcriber.erased == []
    world.clock.now += dt.timedelta(seconds=1)
    await world.erase(FOREVER)
    assert peers.transcriber.erased == []
    await world.erase()
    assert {workspace for workspace, _ in peers.transcriber.erased} == set(old)


async def test_old_rows_of_erased_workspaces_are_forgotten(world: World) -> None:
    session, _ = await world.registry.create()
    await world.registry.invalidate(session.session_id)
    await world.sweep()
    await world.erase()
    world.clock.now += dt.timedelta(days=91)
    await world.survey()
    assert await world.ended() == {}
