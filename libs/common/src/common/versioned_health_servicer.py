"""Health check of gRPC that also names the version of the service."""

from typing import Any

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health

#: Trailing metadata of answers. Absent if the version is not known.
VERSION_HEADER = "x-service-version"


class VersionedHealthServicer(health.HealthServicer):  # type: ignore[misc]
    """Serves `grpc.health.v1.Health`."""

    def __init__(self, version: str) -> None:
        """Name the version in answers, unless it is empty."""
        super().__init__()
        self._version = version

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> Any:
        """Return the state of the service."""
        if self._version:
            context.set_trailing_metadata(((VERSION_HEADER, self._version),))
        return await super().Check(request, context)
