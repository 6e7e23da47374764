"""Session storage in a real database."""

import datetime as dt

import pytest

from common.postgres import Database
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Expiry, Session
from gateway.sessions.store import SessionStore
from gateway.sessions.sweeper import SessionSweep
from gateway.sessions.tokens import RequestKeys

_OLD_SESSION = """
INSERT INTO sessions (session_id, token_sha256, created_at, last_accessed_at, expires_at)
VALUES (%s, gen_random_uuid()::text, now(), now(), now())
"""
HOUR = dt.timedelta(hours=1)
GRACE = dt.timedelta(days=30)
EXPIRY = Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5), grace=GRACE)


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(database: Database, clock: Clock) -> SessionRegistry:
    async def silent(session: Session) -> None:
        return None

    return SessionRegistry(
        SessionStore(database),
        expiry=EXPIRY,
        request_keys=RequestKeys("secret"),
        announce_revoked=silent,
        clock=clock,
    )


async def ids(database: Database) -> set[str]:
    rows = await database.fetch_all("SELECT session_id FROM sessions")
    return {row["session_id"] for row in rows}


async def test_sweeping_deletes_ended_sessions_and_their_rows(
    registry: SessionRegistry, clock: Clock, database: Database
) -> None:
    old, _ = await registry.create(request_id="old", peer="a")
    revoked, _ = await registry.create()
    clock.now += HOUR + GRACE
    fresh, _ = await registry.create()
    await registry.invalidate(revoked.session_id)
    await SessionStore(database).sweep_requests(clock.now)
    await SessionSweep(database, EXPIRY, clock).step()
    left = await ids(database)
    assert fresh.session_id in left
    assert not {old.session_id, revoked.session_id} & left
    requests = await database.fetch_all(
        "SELECT 1 AS one FROM session_requests WHERE session_id = %s", (old.session_id,)
    )
    assert not requests


async def test_a_touch_never_shortens_a_session(registry: SessionRegistry, clock: Clock) -> None:
    session, token = await registry.create()
    extended = await registry.extend(session.session_id, 5 * HOUR)
    clock.now += dt.timedelta(minutes=10)
    used = await registry.authenticate(token)
    assert used.expires_at == extended.expires_at
    assert used.last_accessed_at == clock.now


async def test_an_extension_never_shortens_a_session(
    registry: SessionRegistry, clock: Clock
) -> None:
    session, _ = await registry.create()
    longest = await registry.extend(session.session_id, 5 * HOUR)
    assert longest.expires_at == clock.now + 5 * HOUR
    clock.now += dt.timedelta(minutes=10)
    again = await registry.extend(session.session_id, 2 * HOUR)
    assert (again.expires_at, again.last_accessed_at) == (longest.expires_at, clock.now)


async def test_returned_sessions_are_the_stored_ones(
    registry: SessionRegistry, clock: Clock, database: Database
) -> None:
    session, _ = await registry.create()
    store = SessionStore(database)
    clock.now += dt.timedelta(seconds=1)
    answered = await registry.get(session.session_id)
    assert answered.last_accessed_at == clock.now
    assert answered == await store.by_token(session.token_sha256, clock.now)
    clock.now += dt.timedelta(seconds=1)
    answered = await registry.update(session.session_id, user_identifier="anna")
    assert answered.last_accessed_at == clock.now
    assert answered == await store.by_token(session.token_sha256, clock.now)


async def test_ended_sessions_cannot_be_changed(
    registry: SessionRegistry, clock: Clock, database: Database
) -> None:
    session, _ = await registry.create()
    clock.now += 2 * HOUR
    store = SessionStore(database)
    assert await store.touch(session.session_id, clock.now, HOUR) is None
    assert (
        await store.update(
            session.session_id, clock.now, HOUR, user_identifier="x", preferences=None
        )
        is None
    )


async def test_sessions_of_the_version_before_get_a_workspace(database: Database) -> None:
    # A replica of the version before goes on for a while during an upgrade.
    assert await database.execute(_OLD_SESSION, ("before",)) == 1
    row = await database.fetch_one("SELECT * FROM sessions WHERE session_id = 'before'")
    await database.execute("DELETE FROM sessions WHERE session_id = 'before'")
    assert row is not None
    assert row["workspace_id"] == "before"
