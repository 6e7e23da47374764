"""SessionService over gRPC, and its events."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
from nats.aio.client import Client

from common import bus, events, identity, times
from common.identity import Grant
from common.signing import CallSigner, digest_of
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.gateway.conftest import SECRET, MakeGateway, Running
from tests.integration.gateway.test_session_store import Clock


@pytest.fixture
async def service(running: Running) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        yield session_pb2_grpc.SessionServiceStub(channel)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


async def test_session_lifecycle(service: Any, nats: Client) -> None:
    made = await service.CreateSession(
        session_pb2.CreateSessionRequest(user_identifier="anna", user_agent="test")
    )
    token = made.session_token
    subject = bus.event_subject(made.session.session_id, "session", "*", "revoked")
    subscription = await nats.subscribe(subject)
    known = await service.AuthenticateSession(
        session_pb2.AuthenticateSessionRequest(session_token=token)
    )
    assert known.session_id == made.session.session_id
    assert not known.authenticated
    changed = await service.UpdateCurrentSession(
        session_pb2.UpdateCurrentSessionRequest(
            preferences=session_pb2.SessionPreferences(default_language="de")
        ),
        metadata=bearer(token),
    )
    assert changed.session.preferences.default_language == "de"
    assert changed.session.user_identifier == "anna"
    extended = await service.ExtendCurrentSession(
        session_pb2.ExtendCurrentSessionRequest(duration=times.duration(7200)),
        metadata=bearer(token),
    )
    left = extended.session.expire_time.seconds - made.session.create_time.seconds
    assert 7195 < left < 7260
    current = await service.GetCurrentSession(
        session_pb2.GetCurrentSessionRequest(), metadata=bearer(token)
    )
    assert current.session.active
    assert current.session.HasField("statistics")
    await service.InvalidateCurrentSession(
        session_pb2.InvalidateCurrentSessionRequest(), metadata=bearer(token)
    )
    event = events.parse(await subscription.next_msg(20))
    assert event.session_id == made.session.session_id
    assert event.session_revoked.token_sha256 == identity.hash_token(token)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.AuthenticateSession(
            session_pb2.AuthenticateSessionRequest(session_token=token)
        )
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    await subscription.unsubscribe()


async def test_last_access_time_is_this_call(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        make_gateway(session_touch_seconds=60) as lazy,
        grpc.aio.insecure_channel(lazy.grpc_address) as channel,
    ):
        service = session_pb2_grpc.SessionServiceStub(channel)
        clock = Clock()
        monkeypatch.setattr(lazy.gateway._registry, "_clock", clock)
        made = await service.CreateSession(session_pb2.CreateSessionRequest())
        for request in (
            session_pb2.GetCurrentSessionRequest(),
            session_pb2.UpdateCurrentSessionRequest(user_identifier="anna"),
            session_pb2.ExtendCurrentSessionRequest(duration=times.duration(3600)),
        ):
            clock.now += dt.timedelta(seconds=2)
            call = getattr(service, type(request).__name__.removesuffix("Request"))
            answer = await call(request, metadata=bearer(made.session_token))
            used = answer.session.last_access_time.ToDatetime(dt.UTC)
            assert used == clock.now
            assert answer.session.expire_time.ToDatetime(dt.UTC) == used + dt.timedelta(hours=1)


async def test_a_repeated_request_creates_one_session(service: Any) -> None:
    request = session_pb2.CreateSessionRequest(request_id="a key that nobody guesses")
    answers = await asyncio.gather(
        *(service.CreateSession(request) for _ in range(8)), return_exceptions=True
    )
    made = [one for one in answers if isinstance(one, session_pb2.CreateSessionResponse)]
    refused = [one for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert len(made) == 1
    assert {error.code() for error in refused} == {grpc.StatusCode.ALREADY_EXISTS}
    await service.InvalidateCurrentSession(
        session_pb2.InvalidateCurrentSessionRequest(), metadata=bearer(made[0].session_token)
    )
    later = await service.CreateSession(request)
    assert later.session.session_id != made[0].session.session_id


@pytest.mark.parametrize("seconds", [0, 86_401, -(2**62), 2**62])
async def test_no_other_extension_is_accepted(service: Any, seconds: int) -> None:
    made = await service.CreateSession(session_pb2.CreateSessionRequest())
    request = session_pb2.ExtendCurrentSessionRequest()
    request.duration.seconds = seconds
    with pytest.raises(grpc.aio.AioRpcError, match="1 to 24 hours") as refused:
        await service.ExtendCurrentSession(request, metadata=bearer(made.session_token))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "method",
    ["GetCurrentSession", "UpdateCurrentSession", "ExtendCurrentSession",
     "InvalidateCurrentSession"],
)  # fmt: skip
async def test_the_current_session_requires_its_token(service: Any, method: str) -> None:
    request = getattr(session_pb2, f"{method}Request")()
    for metadata in ((), bearer("A" * 43), bearer("x")):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(service, method)(request, metadata=metadata)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_signed_service_call_acts_for_a_session(service: Any) -> None:
    made = await service.CreateSession(session_pb2.CreateSessionRequest())
    request = session_pb2.GetCurrentSessionRequest()
    signed = CallSigner(SECRET, "exporter").sign(
        "gateway",
        "/securetranscribe.v1.SessionService/GetCurrentSession",
        digest=digest_of(request.SerializeToString()),
        owner=Grant.of(made.session.session_id),
    )
    current = await service.GetCurrentSession(request, metadata=tuple(signed.items()))
    assert current.session.session_id == made.session.session_id


async def test_an_erasure_ends_all_sessions_of_the_workspace(service: Any) -> None:
    method = "/securetranscribe.v1.SessionService/EndSessions"

    async def end(owner: str) -> list[str]:
        request = session_pb2.EndSessionsRequest(owner=owner)
        signed = CallSigner(SECRET, "transcriber").sign(
            "gateway", method, digest=digest_of(request.SerializeToString())
        )
        answer = await service.EndSessions(request, metadata=tuple(signed.items()))
        return list(answer.workspace_ids)

    made = await service.CreateSession(session_pb2.CreateSessionRequest())
    other = await service.CreateSession(session_pb2.CreateSessionRequest())
    workspace = made.session.session_id  # That of the first session of a workspace.
    for _ in range(2):
        assert await end(made.session.session_id) == [workspace]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.GetCurrentSession(
            session_pb2.GetCurrentSessionRequest(), metadata=bearer(made.session_token)
        )
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.ResumeSession(
            session_pb2.ResumeSessionRequest(), metadata=bearer(made.session_token)
        )
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert await end("session_unknown") == []
    await service.GetCurrentSession(
        session_pb2.GetCurrentSessionRequest(), metadata=bearer(other.session_token)
    )
    for metadata in ((), bearer(other.session_token)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.EndSessions(
                session_pb2.EndSessionsRequest(owner=other.session.session_id), metadata=metadata
            )
        assert caught.value.code() in {
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.StatusCode.PERMISSION_DENIED,
        }


@pytest.mark.parametrize("seconds", [0, 3599, 86401])
async def test_extensions_outside_the_bounds_are_rejected(service: Any, seconds: float) -> None:
    made = await service.CreateSession(session_pb2.CreateSessionRequest())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.ExtendCurrentSession(
            session_pb2.ExtendCurrentSessionRequest(duration=times.duration(seconds)),
            metadata=bearer(made.session_token),
        )
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_creation_is_limited_per_address(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(rate_limit_session="2/minute") as limited,
        grpc.aio.insecure_channel(limited.grpc_address) as channel,
    ):
        service = session_pb2_grpc.SessionServiceStub(channel)
        forwarded = (("x-forwarded-for", "198.51.100.1"),)
        for _ in range(2):
            await service.CreateSession(session_pb2.CreateSessionRequest())
            await service.CreateSession(session_pb2.CreateSessionRequest(), metadata=forwarded)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.CreateSession(session_pb2.CreateSessionRequest())
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_preferences_round_trip(service: Any) -> None:
    made = await service.CreateSession(session_pb2.CreateSessionRequest())
    preferences = session_pb2.SessionPreferences(auto_start_processing=False)
    preferences.other["theme"] = "dark"
    await service.UpdateCurrentSession(
        session_pb2.UpdateCurrentSessionRequest(preferences=preferences),
        metadata=bearer(made.session_token),
    )
    known = await service.AuthenticateSession(
        session_pb2.AuthenticateSessionRequest(session_token=made.session_token)
    )
    assert known.preferences == preferences
