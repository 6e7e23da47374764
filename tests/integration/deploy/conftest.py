"""Servers for what operators run, with the tables of every service."""

import asyncio
from collections.abc import Callable

import pytest

from common.postgres import Database, migrate
from common.provisioning.database import ROLES
from common.settings import ObjectSettings, PostgresSettings
from tests.integration.emptying import empty, empty_buckets


@pytest.fixture
async def migrated(postgres_url: Callable[[str], str]) -> None:
    """Make the tables, without recordings of other tests and the ids that those chose."""
    for role in ROLES:
        database = Database(PostgresSettings(database_url=postgres_url(role)))
        await database.open()
        await migrate(database, role)
        if role == "transcriber":
            await empty(database, "transcriptions", "jobs", "tasks")
        await database.close()


@pytest.fixture
async def emptied(s3: ObjectSettings) -> None:
    """Remove the objects of other tests, which every backup would copy."""
    await asyncio.to_thread(empty_buckets, s3)
