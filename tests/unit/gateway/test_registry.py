"""Session rules, without a database."""

import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from common.errors import AuthenticationError, ConflictError, ValidationError
from common.identity import Grant, hash_token
from gateway.sessions.registry import RegistryAuthenticator, SessionRegistry
from gateway.sessions.session import Expiry, Preferences, Session
from gateway.sessions.tokens import RequestKeys
from tests.unit.gateway.fakes import NOON, FakeClock, FakeStore

HOUR = dt.timedelta(hours=1)
GRACE = dt.timedelta(days=30)


class World:
    """A registry with its fake store and clock."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.clock = FakeClock()
        self.announced: list[Session] = []
        self.registry = SessionRegistry(
            self.store,  # type: ignore[arg-type]
            expiry=Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5), grace=GRACE),
            request_keys=RequestKeys("secret"),
            announce_revoked=self._announce,
            clock=self.clock,
        )

    async def _announce(self, session: Session) -> None:
        self.announced.append(session)


@pytest.fixture
def world() -> World:
    return World()


async def test_only_the_hash_of_a_token_is_stored(world: World) -> None:
    session, token = await world.registry.create(user_identifier="anna")
    assert session.token_sha256 == hash_token(token)
    assert token not in repr(world.store.sessions)
    assert (await world.registry.authenticate(token)).session_id == session.session_id


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "ünicode", "A" * 5000])
async def test_unknown_tokens_are_rejected(world: World, token: str) -> None:
    assert await world.registry.find(token) is None
    with pytest.raises(AuthenticationError):
        await world.registry.authenticate(token)


async def test_uses_extend_the_expiry_and_are_written_at_intervals(world: World) -> None:
    _, token = await world.registry.create()
    for _ in range(3):
        world.clock.forward(seconds=1)
        await world.registry.authenticate(token)
    assert world.store.writes == 0
    world.clock.forward(minutes=50)
    session = await world.registry.authenticate(token)
    assert world.store.writes == 1
    assert session.expires_at == world.clock.now + HOUR
    assert session.last_accessed_at == world.clock.now


async def test_returned_sessions_include_the_current_use(world: World) -> None:
    created, _ = await world.registry.create()
    calls: list[Callable[[str], Awaitable[Session]]] = [
        world.registry.get,
        partial(world.registry.update, user_identifier="anna"),
        partial(world.registry.extend, duration=HOUR),
    ]
    for call in calls:
        world.clock.forward(seconds=1)
        session = await call(created.session_id)
        assert session.last_accessed_at == world.clock.now
        assert session.expires_at == world.clock.now + HOUR
        assert world.store.sessions[created.session_id] == session


async def test_an_unused_session_expires(world: World) -> None:
    session, token = await world.registry.create()
    world.clock.forward(hours=1)
    assert await world.registry.find(token) is None
    with pytest.raises(AuthenticationError):
        await world.registry.get(session.session_id)


async def test_sliding_does_not_shorten_an_extension(world: World) -> None:
    session, token = await world.registry.create()
    extended = await world.registry.extend(session.session_id, 3 * HOUR)
    assert extended.expires_at == NOON + 3 * HOUR
    world.clock.forward(minutes=30)
    assert (await world.registry.authenticate(token)).expires_at == NOON + 3 * HOUR
    shorter = await world.registry.extend(session.session_id, HOUR)
    assert shorter.expires_at == NOON + 3 * HOUR


@pytest.mark.parametrize("hours", [0, 0.5, 24.01, -1])
async def test_extensions_outside_the_bounds_are_rejected(world: World, hours: float) -> None:
    session, _ = await world.registry.create()
    with pytest.raises(ValidationError):
        await world.registry.extend(session.session_id, dt.timedelta(hours=hours))


async def test_updates_change_only_the_given_values(world: World) -> None:
    session, _ = await world.registry.create(user_identifier="anna")
    preferences = Preferences(default_language="de")
    changed = await world.registry.update(session.session_id, preferences=preferences)
    assert (changed.user_identifier, changed.preferences) == ("anna", preferences)
    changed = await world.registry.update(session.session_id, user_identifier="")
    assert (changed.user_identifier, changed.preferences) == ("", preferences)


async def test_invalidation_is_announced_once(world: World) -> None:
    session, token = await world.registry.create()
    await world.registry.invalidate(session.session_id)
    await world.registry.invalidate(session.session_id)
    assert [one.token_sha256 for one in world.announced] == [hash_token(token)]
    assert await world.registry.find(token) is None


async def test_a_repeated_request_returns_no_token(world: World) -> None:
    first = await world.registry.create(request_id="key", peer="10.0.0.1")
    with pytest.raises(ConflictError):
        await world.registry.create(request_id="key", peer="10.0.0.1")
    other = await world.registry.create(request_id="key", peer="10.0.0.2")
    assert other[0].session_id != first[0].session_id
    world.clock.forward(minutes=11)
    later = await world.registry.create(request_id="key", peer="10.0.0.1")
    assert later[0].session_id != first[0].session_id
    assert (await world.registry.authenticate(later[1])).session_id == later[0].session_id


@pytest.mark.parametrize(
    ("field", "length"),
    [("user_identifier", 256), ("user_agent", 513), ("ip_address", 65), ("request_id", 129)],
)
async def test_texts_over_their_limit_are_rejected(world: World, field: str, length: int) -> None:
    await world.registry.create(**_text(field, "x" * (length - 1)))
    with pytest.raises(ValidationError) as caught:
        await world.registry.create(**_text(field, "x" * length))
    assert caught.value.details == {"field": field}
    with pytest.raises(ValidationError):
        await world.registry.create(**_text(field, "x\0"))


def _text(field: str, value: str) -> dict[str, Any]:
    return {field: value}


async def test_the_authenticator_uses_the_registry(world: World) -> None:
    session, token = await world.registry.create()
    grant = await RegistryAuthenticator(world.registry).authenticate(token)
    assert grant == Grant(session_id=session.session_id, workspace_id=session.workspace_id)


async def test_an_ended_session_can_be_taken_up_again(world: World) -> None:
    first, token = await world.registry.create(user_identifier="anna")
    await world.registry.update(
        first.session_id, preferences=Preferences(default_language="de", other={"a": 1})
    )
    world.clock.forward(hours=1)
    assert await world.registry.can_resume(token)

    second, fresh = await world.registry.resume(token, ip_address="10.0.0.1")

    assert second.session_id != first.session_id
    assert second.workspace_id == first.workspace_id
    assert (second.user_identifier, second.preferences.default_language) == ("anna", "de")
    assert second.expires_at == world.clock.now + HOUR
    assert (await world.registry.authenticate(fresh)).session_id == second.session_id
    assert [one.session_id for one in world.announced] == [first.session_id]


@pytest.mark.parametrize("passed", [0, 1, 3599])
async def test_a_lost_answer_is_given_again_until_the_new_token_is_used(
    world: World, passed: int
) -> None:
    _, token = await world.registry.create()
    world.clock.forward(hours=1)
    session, fresh = await world.registry.resume(token)
    assert fresh != token
    world.clock.forward(seconds=passed)
    again, same = await world.registry.resume(token)
    assert (again, same) == (session, fresh)
    assert len(world.announced) == 1
    assert await world.registry.can_resume(token)
    used = await world.registry.authenticate(fresh)
    assert used.session_id == session.session_id
    assert not await world.registry.can_resume(token)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_a_lost_answer_is_given_again_after_the_new_session_has_ended(world: World) -> None:
    first, token = await world.registry.create()
    world.clock.forward(hours=1)
    session, fresh = await world.registry.resume(token)
    for _ in range(2):
        world.clock.forward(days=29)
        assert await world.registry.find(fresh) is None
        assert await world.registry.can_resume(token)
        again, same = await world.registry.resume(token)
        assert (again.session_id, same) == (session.session_id, fresh)
        assert again.workspace_id == first.workspace_id
        assert again.expires_at == world.clock.now + HOUR
    assert (await world.registry.authenticate(fresh)).session_id == session.session_id
    world.clock.forward(hours=1)
    assert not await world.registry.can_resume(token)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)
    assert await world.registry.can_resume(fresh)


async def test_a_lost_answer_is_not_given_again_after_the_grace_period(world: World) -> None:
    _, token = await world.registry.create()
    world.clock.forward(hours=1)
    await world.registry.resume(token)
    world.clock.now += HOUR + GRACE
    assert not await world.registry.can_resume(token)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_resuming_the_new_session_ends_the_first_token(world: World) -> None:
    first, token = await world.registry.create()
    world.clock.forward(hours=1)
    _, fresh = await world.registry.resume(token)
    world.clock.forward(hours=1)
    last, newest = await world.registry.resume(fresh)
    assert last.workspace_id == first.workspace_id
    assert newest not in {token, fresh}
    assert not await world.registry.can_resume(token)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_an_answer_about_an_invalidated_session_is_not_given_again(world: World) -> None:
    _, token = await world.registry.create()
    world.clock.forward(hours=1)
    session, _ = await world.registry.resume(token)
    await world.registry.invalidate(session.session_id)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_a_session_can_be_resumed_until_its_grace_is_over(world: World) -> None:
    session, token = await world.registry.create()
    assert world.registry.kept_until(session) == NOON + HOUR + GRACE
    world.clock.now = NOON + HOUR + GRACE - dt.timedelta(seconds=1)
    assert await world.registry.can_resume(token)
    world.clock.forward(seconds=1)
    assert not await world.registry.can_resume(token)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_an_invalidated_session_cannot_be_resumed(world: World) -> None:
    session, token = await world.registry.create()
    await world.registry.invalidate(session.session_id)
    world.clock.forward(hours=2)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_a_living_session_cannot_be_resumed(world: World) -> None:
    session, token = await world.registry.create()
    with pytest.raises(ConflictError):
        await world.registry.resume(token)
    assert (await world.registry.authenticate(token)).session_id == session.session_id
    assert not await world.registry.can_resume(token)


@pytest.mark.parametrize("token", ["", "x", "A" * 43])
async def test_unknown_tokens_cannot_be_resumed(world: World, token: str) -> None:
    assert not await world.registry.can_resume(token)
    with pytest.raises(AuthenticationError):
        await world.registry.resume(token)


async def test_without_an_end_of_the_grace_period_everything_is_kept(world: World) -> None:
    registry = SessionRegistry(
        world.store,  # type: ignore[arg-type]
        expiry=Expiry(ttl=HOUR, touch_interval=dt.timedelta(seconds=5)),
        request_keys=RequestKeys("secret"),
        announce_revoked=world._announce,
        clock=world.clock,
    )
    session, token = await registry.create()
    world.clock.forward(days=3650)
    assert registry.kept_until(session) is None
    resumed, _ = await registry.resume(token)
    assert resumed.workspace_id == session.workspace_id
