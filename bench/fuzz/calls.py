"""gRPC calls with random messages, for every method of every contract."""

import asyncio
import pkgutil
from collections.abc import AsyncIterator
from importlib import import_module
from random import Random
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor

import securetranscribe.v1
from bench.fuzz import messages
from bench.fuzz.oracle import Book
from bench.fuzz.target import Target
from common.grpc_client import SENDING_FAILED
from tests.e2e import grpc_methods

KIND = "grpc"
#: Process of each service.
PROCESSES = {
    **grpc_methods.PROCESSES,
    "AdminService": "transcriber-api",
    "StatusService": "transcriber-api",
    "WorkspaceSettingsService": "transcriber-api",
    "MaintenanceService": "speakers",
}
#: Seconds after which a call without an answer is a fault. Streams are left after a shorter time.
_ANSWER_SECONDS = 120.0
_STREAM_SECONDS = 1.0
_MOST_ANSWERS = 5
#: Would take away things that other cases need.
_TAKING = ("Delete", "Discard", "Erase", "Trash", "Bulk", "Cancel", "Purge", "Leave", "Restore")
_ENDING = ("SignOut", "Invalidate", "Revoke")


def methods() -> list[MethodDescriptor]:
    """Return the methods of all contracts."""
    found: list[MethodDescriptor] = []
    for module in pkgutil.iter_modules(securetranscribe.v1.__path__):
        if module.name.endswith("_pb2"):
            contract = import_module(f"securetranscribe.v1.{module.name}")
            for service in contract.DESCRIPTOR.services_by_name.values():
                found += service.methods
    return found


class Caller:
    """Open channels to all processes."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._channels: dict[str, grpc.aio.Channel] = {}
        self.methods = methods()

    async def close(self) -> None:
        """Close the channels."""
        for channel in self._channels.values():
            await channel.close()

    async def case(self, book: Book, seed: str) -> None:
        """Make one call."""
        random = Random(seed)
        method = random.choice(self.methods)
        known = self._target.known
        token = self._target.token
        if method.name.startswith(_TAKING):
            known = {}
        if method.name.startswith(_ENDING):
            token = await self._target.new_token()
        requests = list(messages.requests(method, random, known))
        metadata = [("authorization", f"Bearer {token}")] if random.random() < 0.9 else []
        what = f"{method.containing_service.name}.{method.name}"
        try:
            await self._call(method, requests, metadata)
        except grpc.aio.AioRpcError as error:
            details = error.details() or ""
            code = error.code()
            if code is grpc.StatusCode.DEADLINE_EXCEEDED and _streams(method):
                book.note(KIND, "STREAM")
            elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
                book.fault(KIND, seed, f"{what}: no answer after {_ANSWER_SECONDS:.0f} s")
            # Made by the client if the server ends a stream while it is written to.
            elif details == SENDING_FAILED and _streams(method):
                book.note(KIND, "ENDED")
            else:
                sent = repr(requests)
                book.rpc(KIND, seed, code.name, f"{what}: {details}", sent=sent)
        else:
            book.note(KIND, "OK")

    async def _call(
        self, method: MethodDescriptor, requests: list[bytes], metadata: list[tuple[str, str]]
    ) -> None:
        channel = self._channel(method.containing_service.name)
        path = f"/{method.containing_service.full_name}/{method.name}"
        options: dict[str, Any] = {"metadata": metadata}
        options["timeout"] = _STREAM_SECONDS if _streams(method) else _ANSWER_SECONDS
        body: Any = _each(requests) if method.client_streaming else requests[0]
        if method.server_streaming:
            make: Any = channel.stream_stream if method.client_streaming else channel.unary_stream
            call = make(path)(body, **options)
            answers = 0
            async for _ in call:
                answers += 1
                if answers == _MOST_ANSWERS:
                    call.cancel()
                    return
        else:
            make = channel.stream_unary if method.client_streaming else channel.unary_unary
            await make(path)(body, **options)

    def _channel(self, service: str) -> grpc.aio.Channel:
        process = PROCESSES[service]
        if process not in self._channels:
            address = self._target.services.address(process)
            self._channels[process] = grpc.aio.insecure_channel(address)
        return self._channels[process]


def _streams(method: MethodDescriptor) -> bool:
    return bool(method.server_streaming or method.client_streaming)


async def _each(requests: list[bytes]) -> AsyncIterator[bytes]:
    for request in requests:
        yield request
        await asyncio.sleep(0)
