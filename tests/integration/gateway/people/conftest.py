"""Two people and a gateway where they sign in."""

from collections.abc import AsyncIterator

import pytest

from common.postgres import Database
from tests.integration.gateway.accounts import (
    Person,
    first_administrator,
    new_user,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running


@pytest.fixture(autouse=True)
async def nobody(database: Database) -> AsyncIterator[None]:
    """Begin and end without any user."""
    await start_over(database)
    yield
    await start_over(database)


@pytest.fixture(scope="module")
async def closed(make_gateway: MakeGateway) -> AsyncIterator[Running]:
    """A gateway where people sign in."""
    async with make_gateway(auth_mode="accounts", lockout_attempts=3) as one:
        yield one


@pytest.fixture
async def ada(closed: Running, database: Database) -> AsyncIterator[Person]:
    """The first administrator."""
    async with first_administrator(closed, database) as one:
        yield one


@pytest.fixture
async def bob(closed: Running, ada: Person) -> AsyncIterator[Person]:
    """Another user."""
    async with new_user(closed, ada, "Bob", email="bob@example.org") as one:
        yield one
