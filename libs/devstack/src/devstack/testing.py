"""Servers and services for tests, independent of any test framework.

Call the synchronous helpers without a running event loop in the thread, and the asynchronous ones
(`a…`) inside of one. Call either in the main thread.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from devstack.config import StackConfig
from devstack.service_stack import ServiceStack
from devstack.services import SERVICES, Planner, Service
from devstack.stack import EmbeddedServers

Result = TypeVar("Result")
Overrides = Mapping[str, Mapping[str, str]]


@contextlib.contextmanager
def embedded_servers(data_directory: Path) -> Iterator[EmbeddedServers]:
    """Run only the servers, on free ports and with disposable data."""
    servers = _servers(data_directory)
    wait_for(servers.start())
    try:
        yield servers
    finally:
        wait_for(servers.stop())


@contextlib.asynccontextmanager
async def aembedded_servers(data_directory: Path) -> AsyncIterator[EmbeddedServers]:
    """Run `embedded_servers` inside a running event loop."""
    servers = _servers(data_directory)
    await servers.start()
    try:
        yield servers
    finally:
        await servers.stop()


@contextlib.contextmanager
def running_services(
    servers: EmbeddedServers,
    *,
    services: Sequence[Service] = SERVICES,
    environment: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
    workers: Mapping[str, int] | None = None,
    ready_seconds: float = 600,
) -> Iterator[ServiceStack]:
    """Run services with started servers, on free ports.

    Services inherit `environment`, by default this process's. `overrides` takes precedence, by `*`,
    service or process name. `workers` sets the number of processes of `transcriber-worker` and
    `diarizer`. Ended processes are not restarted.
    """
    stack = _services(
        servers,
        services,
        environment=environment,
        overrides=overrides,
        workers=workers,
        ready_seconds=ready_seconds,
    )
    wait_for(_start(servers, stack))
    try:
        yield stack
    finally:
        wait_for(stack.stop())


@contextlib.asynccontextmanager
async def arunning_services(
    servers: EmbeddedServers,
    *,
    services: Sequence[Service] = SERVICES,
    environment: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
    workers: Mapping[str, int] | None = None,
    ready_seconds: float = 600,
) -> AsyncIterator[ServiceStack]:
    """Run `running_services` inside a running event loop."""
    stack = _services(
        servers,
        services,
        environment=environment,
        overrides=overrides,
        workers=workers,
        ready_seconds=ready_seconds,
    )
    await _start(servers, stack)
    try:
        yield stack
    finally:
        await stack.stop()


def wait_for(work: Awaitable[Result]) -> Result:
    """Run an awaitable in a new event loop, leaving the thread's own unchanged.

    For example `wait_for(stack.restart("diarizer-1"))` in a synchronous test.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _servers(data_directory: Path) -> EmbeddedServers:
    # Several stacks may start at the same time on a machine that runs tests.
    config = StackConfig(data_directory=data_directory, durable=False, server_seconds=180)
    return EmbeddedServers(config)


def _services(
    servers: EmbeddedServers,
    services: Sequence[Service],
    *,
    environment: Mapping[str, str] | None,
    overrides: Overrides | None,
    workers: Mapping[str, int] | None,
    ready_seconds: float,
) -> ServiceStack:
    planner = Planner(
        ports=servers.ports,
        server_variables=servers.environment,
        secret_key=servers.credentials.secret_key,
        config=StackConfig(
            data_directory=servers.config.data_directory,
            workers=workers or {},
            service_seconds=ready_seconds,
        ),
        environment=os.environ if environment is None else environment,
        overrides=overrides or {},
    )
    return ServiceStack(planner.plan(services), servers.files, ready_seconds=ready_seconds)


async def _start(servers: EmbeddedServers, stack: ServiceStack) -> None:
    await stack.start()
    await servers.share_events()
