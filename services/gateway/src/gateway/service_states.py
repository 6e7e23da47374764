"""States of the services behind the gateway, by the health check of gRPC."""

import asyncio
from collections.abc import Mapping
from typing import Literal

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

ServiceWord = Literal["serving", "not_serving", "silent"]
_SECONDS = 2.0


async def states_of(channels: Mapping[str, grpc.aio.Channel]) -> dict[str, ServiceWord]:
    """Return the state of a replica of each service, by the names of the channels."""
    found = await asyncio.gather(*(_state(channel) for channel in channels.values()))
    return dict(zip(channels, found, strict=True))


async def _state(channel: grpc.aio.Channel) -> ServiceWord:
    try:
        answer = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=_SECONDS
        )
    except grpc.aio.AioRpcError:
        return "silent"
    serving = answer.status == health_pb2.HealthCheckResponse.SERVING
    return "serving" if serving else "not_serving"
