"""MaintenanceService of services with a database: lists and retries items that are set aside."""

from typing import Any

from common.auth import Access
from common.grpc_server import method_names
from common.maintenance import OwnItems
from common.postgres import Database
from securetranscribe.v1 import maintenance_pb2, maintenance_pb2_grpc

SERVICE = "securetranscribe.v1.MaintenanceService"
#: Only services call these methods. The transcriber does so for administrators.
ACCESS = dict.fromkeys(
    method_names("MaintenanceService", ["ListSetAside", "RetrySetAside"]), Access.SERVICE
)


class MaintenanceServicer(maintenance_pb2_grpc.MaintenanceServiceServicer):
    """Serves MaintenanceService to other services."""

    def __init__(self, items: OwnItems) -> None:
        self._items = items

    async def ListSetAside(
        self, _request: maintenance_pb2.ListSetAsideRequest, _context: Any
    ) -> maintenance_pb2.ListSetAsideResponse:
        """List the items that this service has set aside."""
        return maintenance_pb2.ListSetAsideResponse(items=await self._items.listed())

    async def RetrySetAside(
        self, request: maintenance_pb2.RetrySetAsideRequest, _context: Any
    ) -> maintenance_pb2.RetrySetAsideResponse:
        """Make items due again."""
        count = await self._items.retry(request.step, request.item)
        return maintenance_pb2.RetrySetAsideResponse(items=count)


def add_to(server: Any, database: Database) -> None:
    """Add the service for the items in a database to a server."""
    servicer = MaintenanceServicer(OwnItems(database))
    maintenance_pb2_grpc.add_MaintenanceServiceServicer_to_server(servicer, server)
