"""Sessions kept alive by requests and jobs, without a database."""

import datetime as dt

import pytest

from common.errors import UnavailableError
from common.identity import hash_token
from gateway.sessions.keeper import SessionKeeper
from gateway.sessions.session import Expiry, Session
from gateway.sessions.store import NewSession
from tests.unit.gateway.fakes import NOON, FakeClock, FakeStore

HOUR = dt.timedelta(hours=1)


class World:
    """A keeper with a fake store, and the sessions that have jobs."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.clock = FakeClock()
        self.working: set[str] = set()
        self.asked: list[str] = []
        self.keeper = SessionKeeper(
            self.store,  # type: ignore[arg-type]
            expiry=Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5)),
            clock=self.clock,
            has_jobs=self._has_jobs,
        )

    async def session(self, name: str) -> Session:
        return await self.store.insert(
            NewSession(
                session_id=name,
                workspace_id=name,
                token_sha256=hash_token(name),
                user_identifier="",
                user_agent="",
                ip_address="",
                expires_at=self.clock.now + HOUR,
            ),
            self.clock.now,
        )

    async def pass_hours(self, hours: int) -> None:
        """Let time pass, with a step of the keeper as often as it wants."""
        end = self.clock.now + dt.timedelta(hours=hours)
        while self.clock.now < end:
            self.clock.forward(seconds=self.keeper.every)
            await self.keeper.step()

    async def _has_jobs(self, session: Session) -> bool:
        self.asked.append(session.session_id)
        if "away" in self.working:
            raise UnavailableError("The transcriber does not answer.")
        return session.session_id in self.working


@pytest.fixture
def world() -> World:
    return World()


async def test_a_long_request_keeps_its_session_alive(world: World) -> None:
    used, idle = await world.session("used"), await world.session("idle")
    with world.keeper.using(used), world.keeper.using(used):
        await world.pass_hours(5)
    assert world.store.sessions["used"].active_at(world.clock.now)
    assert not world.store.sessions["idle"].active_at(world.clock.now)
    # Only uses show as uses.
    assert world.store.sessions["used"].last_accessed_at == NOON
    assert idle.expires_at == NOON + HOUR

    await world.pass_hours(2)
    assert not world.store.sessions["used"].active_at(world.clock.now)


async def test_a_session_lives_as_long_as_its_jobs(world: World) -> None:
    await world.session("working")
    world.working = {"working"}
    await world.pass_hours(5)
    assert world.store.sessions["working"].active_at(world.clock.now)
    world.working = set()
    await world.pass_hours(2)
    assert not world.store.sessions["working"].active_at(world.clock.now)


async def test_only_sessions_about_to_end_are_asked_for_their_jobs(world: World) -> None:
    await world.session("idle")
    world.clock.forward(minutes=30)
    await world.keeper.step()
    assert world.asked == []
    world.clock.forward(minutes=29)
    await world.keeper.step()
    assert world.asked == ["idle"]


async def test_a_session_is_asked_again_after_an_outage(world: World) -> None:
    await world.session("working")
    world.working = {"working", "away"}
    world.clock.forward(minutes=58)
    await world.keeper.step()
    world.working = {"working"}
    await world.pass_hours(1)
    assert world.store.sessions["working"].active_at(world.clock.now)
