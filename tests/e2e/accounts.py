"""The whole product for people who sign in."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from common.postgres import Database
from common.settings import PostgresSettings
from devstack.testing import embedded_servers, running_services
from tests.e2e.stack import Stack
from tests.limits import UNLIMITED

Result = TypeVar("Result")


def accounts_stack(directory: Path) -> Iterator[Stack]:
    """Run the whole product for people who sign in."""
    overrides = {
        "*": {**UNLIMITED, "AUTH_MODE": "accounts"},
        "gateway": {"WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1"},
    }
    with (
        embedded_servers(directory) as servers,
        running_services(servers, overrides=overrides) as services,
    ):
        yield Stack(servers=servers, services=services)


def in_database(stack: Stack, work: Callable[[Database], Coroutine[Any, Any, Result]]) -> Result:
    """Do something in the gateway's database and return its result."""

    async def done() -> Result:
        url = stack.servers.environment("gateway")["DATABASE_URL"]
        database = Database(PostgresSettings(database_url=url))
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    # Playwright occupies the event loop of this thread.
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, done()).result()


def fresh_token(stack: Stack) -> str:
    """Return a setup token, as the server prints it."""
    # Imported here, because the whole gateway comes with it, and this module with every test.
    from tests.integration.gateway.accounts import setup_token

    return in_database(stack, setup_token)


def start_again(stack: Stack) -> None:
    """Delete everybody and every session."""
    from tests.integration.gateway.accounts import start_over

    in_database(stack, start_over)
