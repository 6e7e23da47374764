"""StatusService: versions of statuses kept by the gateway."""

from typing import Any

from common.auth import Access
from common.errors import ValidationError
from common.grpc_server import method_names
from securetranscribe.v1 import status_pb2, status_pb2_grpc
from transcriber.store.status_versions import StatusVersions

_MOST = 500
#: Methods reserved for other services.
ACCESS = dict.fromkeys(method_names("StatusService", ["GetStatusVersions"]), Access.SERVICE)


class StatusServicer(status_pb2_grpc.StatusServiceServicer):
    """Serves StatusService. The caller has checked the rights in each workspace."""

    def __init__(self, versions: StatusVersions) -> None:
        self._versions = versions

    async def GetStatusVersions(
        self, request: status_pb2.GetStatusVersionsRequest, _context: Any
    ) -> status_pb2.GetStatusVersionsResponse:
        """Return versions of statuses."""
        if len(request.transcriptions) > _MOST:
            raise ValidationError.of("transcriptions", f"At most {_MOST} are compared at a time.")
        wanted = [(one.transcription_id, one.workspace_id) for one in request.transcriptions]
        return status_pb2.GetStatusVersionsResponse(versions=await self._versions.find_all(wanted))
