"""States of the services behind the gateway, by the health check of gRPC."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from common.versioned_health_servicer import VERSION_HEADER

ServiceWord = Literal["serving", "not_serving", "silent"]
_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """Whether a service answers, and its version if it names one."""

    state: ServiceWord
    version: str | None = None


async def states_of(channels: Mapping[str, grpc.aio.Channel]) -> dict[str, Answering]:
    """Return the state of a replica of each service, by the names of the channels."""
    found = await asyncio.gather(*(_state(channel) for channel in channels.values()))
    return dict(zip(channels, found, strict=True))


async def _state(channel: grpc.aio.Channel) -> Answering:
    request = health_pb2.HealthCheckRequest()
    call = health_pb2_grpc.HealthStub(channel).Check(request, timeout=_SECONDS)
    try:
        answer = await call
    except grpc.aio.AioRpcError:
        return Answering(state="silent")
    serving = answer.status == health_pb2.HealthCheckResponse.SERVING
    metadata = dict(await call.trailing_metadata() or ())
    version = metadata.get(VERSION_HEADER)
    return Answering(
        state="serving" if serving else "not_serving",
        version=None if version is None else str(version),
    )
