"""Sessions of the requests of the last second, over a registry with a fake store."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from common.errors import AuthenticationError
from gateway.sessions.recent import RecentSessions
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Expiry, Session
from gateway.sessions.tokens import RequestKeys
from tests.unit.gateway.fakes import FakeClock, FakeStore

HOUR = dt.timedelta(hours=1)


class CountingStore(FakeStore):
    """Counts lookups, which wait for `gate`."""

    lookups = 0
    gate: asyncio.Event | None = None

    async def by_token(self, token_sha256: str, now: dt.datetime) -> Session | None:
        self.lookups += 1
        found = await super().by_token(token_sha256, now)
        if self.gate is not None:
            await self.gate.wait()
        return found


class World:
    """Recent sessions with their registry, its store, and two clocks."""

    def __init__(self) -> None:
        self.store = CountingStore()
        self.clock = FakeClock()
        self.seconds = 0.0
        self.registry = SessionRegistry(
            self.store,  # type: ignore[arg-type]
            expiry=Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5), grace=HOUR),
            request_keys=RequestKeys("secret"),
            announce_revoked=self._announce,
            clock=self.clock,
        )
        self.recent = RecentSessions(self.registry, clock=lambda: self.seconds)

    async def _announce(self, session: Session) -> None:
        pass


@pytest.fixture
def world() -> World:
    return World()


async def test_session_is_read_once_a_second(world: World) -> None:
    session, token = await world.registry.create()

    for _ in range(3):
        assert await world.recent.authenticate(token) == session
    assert world.store.lookups == 1
    world.seconds += 1
    assert await world.recent.find(token) == session
    assert world.store.lookups == 2


async def test_unknown_token_is_not_remembered(world: World) -> None:
    token = "A" * 43

    assert await world.recent.find(token) is None
    with pytest.raises(AuthenticationError):
        await world.recent.authenticate(token)


async def test_session_that_ends_is_not_returned(world: World) -> None:
    _, token = await world.registry.create()
    await world.recent.find(token)

    world.clock.forward(hours=2)

    assert await world.recent.find(token) is None


async def test_own_changes_are_seen_at_once(world: World) -> None:
    created, token = await world.registry.create()
    changes: list[Callable[[str], Awaitable[Session]]] = [
        partial(world.registry.update, user_identifier="anna"),
        partial(world.registry.extend, duration=dt.timedelta(hours=3)),
    ]
    for change in changes:
        await world.recent.find(token)
        changed = await change(created.session_id)
        assert await world.recent.find(token) == changed


@pytest.mark.parametrize("end", ["invalidate", "end_sessions_of"])
async def test_end_is_seen_at_once(world: World, end: str) -> None:
    session, token = await world.registry.create()
    await world.recent.find(token)

    await getattr(world.registry, end)(session.session_id)

    assert await world.recent.find(token) is None


async def test_lookup_from_before_an_end_is_not_kept(world: World) -> None:
    session, token = await world.registry.create()
    world.store.gate = asyncio.Event()
    finding = asyncio.create_task(world.recent.find(token))
    await asyncio.sleep(0)

    await world.registry.invalidate(session.session_id)
    world.store.gate.set()
    await finding

    assert await world.recent.find(token) is None


async def test_concurrent_requests_share_one_lookup(world: World) -> None:
    session, token = await world.registry.create()
    world.store.gate = asyncio.Event()
    finding = [asyncio.create_task(world.recent.find(token)) for _ in range(20)]
    await asyncio.sleep(0)

    world.store.gate.set()

    assert await asyncio.gather(*finding) == [session] * 20
    assert world.store.lookups == 1
