"""One limit for all doors: REST, native gRPC, and JSON through a real Envoy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import httpx2
import pytest
from google.rpc import error_details_pb2, status_pb2

from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.envoy import running_envoy
from tests.integration.gateway.conftest import MakeGateway, Running


@dataclass(frozen=True, kw_only=True)
class Doors:
    """Three ways to the same gateway."""

    running: Running
    envoy: str
    stub: Any

    async def rest(self, token: str) -> bool:
        """Return whether a request is allowed."""
        return await _allowed(f"{self.running.base_url}/api/sessions/current", token)

    async def json(self, token: str) -> bool:
        """Return whether a request to Envoy is allowed."""
        return await _allowed(f"{self.envoy}/v1/sessions/current", token)

    async def grpc(self, token: str) -> bool:
        """Return whether a call is allowed."""
        try:
            await self.call(token)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                return False
            raise
        return True

    async def call(self, token: str) -> Any:
        metadata = (("authorization", f"Bearer {token}"),)
        request = session_pb2.GetCurrentSessionRequest()
        return await self.stub.GetCurrentSession(request, metadata=metadata)

    async def new_token(self) -> str:
        made = await self.stub.CreateSession(session_pb2.CreateSessionRequest())
        return str(made.session_token)


async def _allowed(url: str, token: str) -> bool:
    async with httpx2.AsyncClient(timeout=30) as client:
        answer = await client.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 429), answer.text
    return answer.status_code == 200


@asynccontextmanager
async def doors(running: Running) -> AsyncIterator[Doors]:
    """Run an Envoy in front of the gateway."""
    own = {
        "gateway": running.grpc_address,
        "gateway-http": running.base_url.partition("://")[2],
    }
    async with (
        running_envoy(own, probe="/v1/sessions/current") as envoy,
        grpc.aio.insecure_channel(running.grpc_address) as channel,
    ):
        yield Doors(running=running, envoy=envoy, stub=session_pb2_grpc.SessionServiceStub(channel))


async def test_session_has_one_limit_at_all_doors(make_gateway: MakeGateway) -> None:
    async with make_gateway(rate_limit_status="6/minute") as running, doors(running) as found:
        token = await found.new_token()
        ways: list[Callable[[str], Awaitable[bool]]] = [found.rest, found.json, found.grpc]
        assert [await way(token) for way in ways * 2] == [True] * 6
        assert [await way(token) for way in ways] == [False] * 3
        another = await found.new_token()
        assert [await way(another) for way in ways] == [True] * 3


@pytest.mark.parametrize("door", ["rest", "json", "grpc"])
async def test_new_session_per_call_is_held_to_the_limit_of_its_address(
    make_gateway: MakeGateway, door: str
) -> None:
    few = {"rate_limit_status": "4/minute", "rate_limit_sessions_per_address": 2}
    async with make_gateway(**few) as running, doors(running) as found:
        tokens = [await found.new_token() for _ in range(12)]
        allowed = [await getattr(found, door)(token) for token in tokens]
    # The first request of the address was the probe of Envoy.
    assert allowed == [True] * 7 + [False] * 5


async def test_refused_call_states_the_delay(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(rate_limit_status="1/minute") as running,
        grpc.aio.insecure_channel(running.grpc_address) as channel,
    ):
        stub: Any = session_pb2_grpc.SessionServiceStub(channel)
        made = await stub.CreateSession(session_pb2.CreateSessionRequest())
        metadata = (("authorization", f"Bearer {made.session_token}"),)
        request = session_pb2.GetCurrentSessionRequest()
        await stub.GetCurrentSession(request, metadata=metadata)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetCurrentSession(request, metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    packed = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    first, second = status_pb2.Status.FromString(packed).details
    assert first.Unpack(info)
    assert second.Unpack(retry)
    assert (info.reason, info.metadata["limit"]) == ("RATE_LIMIT_EXCEEDED", "1")
    assert 0 < retry.retry_delay.seconds <= 61


async def test_invalid_tokens_are_limited_per_address(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(rate_limit_status="3/minute") as running,
        grpc.aio.insecure_channel(running.grpc_address) as channel,
    ):
        stub: Any = session_pb2_grpc.SessionServiceStub(channel)
        codes = []
        for number in range(5):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.GetCurrentSession(
                    session_pb2.GetCurrentSessionRequest(),
                    metadata=(("authorization", f"Bearer {number}"),),
                )
            codes.append(caught.value.code().name)
    assert codes == ["UNAUTHENTICATED"] * 3 + ["RESOURCE_EXHAUSTED"] * 2
