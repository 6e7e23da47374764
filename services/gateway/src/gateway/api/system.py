"""Endpoints for administrators: the state of the system, its storage, and items set aside."""

from gateway.api import system_conversion
from gateway.api.admin_calls import AdminCalls, Administrator
from gateway.api.system_models import RetryBody, RetryData, SetAsideData, StorageData, SystemData
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import admin_pb2

_TAG = "System"


class SystemApi:
    """Figures and settings of the whole system, without content of recordings."""

    def __init__(self, calls: AdminCalls, version: str) -> None:
        """`version` is that of the gateway."""
        self._calls = calls
        self._backends = calls.backends
        self._version = version

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/admin/system",
                handler=self.get_system,
                summary="Get system state",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/admin/storage",
                handler=self.get_storage,
                summary="Get storage figures",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/admin/set-aside",
                handler=self.list_set_aside,
                summary="List items set aside",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/admin/set-aside/retry",
                handler=self.retry_set_aside,
                summary="Retry items set aside",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def get_system(self, administrator: Administrator) -> Success[SystemData]:
        """Return services, workers, the load of the queue, and the throughput of the last hour."""
        status = await self._calls.ask(
            self._backends.admin.GetSystemStatus,
            admin_pb2.GetSystemStatusRequest(),
            administrator,
        )
        states = await self._backends.states()
        data = system_conversion.system_data(status, states, gateway_version=self._version)
        return Success[SystemData].of(data, "System state retrieved")

    async def get_storage(self, administrator: Administrator) -> Success[StorageData]:
        """Return how much is stored, and how much will be erased when."""
        figures = await self._calls.ask(
            self._backends.admin.GetStorageFigures,
            admin_pb2.GetStorageFiguresRequest(),
            administrator,
        )
        data = system_conversion.storage_data(figures)
        return Success[StorageData].of(data, "Storage figures retrieved")

    async def list_set_aside(self, administrator: Administrator) -> Success[SetAsideData]:
        """Return the items of all services at which a background step kept failing."""
        answer = await self._calls.ask(
            self._backends.admin.ListItemsSetAside,
            admin_pb2.ListItemsSetAsideRequest(),
            administrator,
        )
        data = system_conversion.set_aside_data(answer)
        return Success[SetAsideData].of(data, "Items set aside retrieved")

    async def retry_set_aside(
        self, body: RetryBody, administrator: Administrator
    ) -> Success[RetryData]:
        """Try items again that are set aside."""
        answer = await self._calls.ask(
            self._backends.admin.RetryItemsSetAside,
            admin_pb2.RetryItemsSetAsideRequest(
                service=body.service, step=body.step, item=body.item or ""
            ),
            administrator,
        )
        return Success[RetryData].of(RetryData(retried=answer.items), "Items will be retried")
