"""Commands of services with a database: `migrate` and `set-aside`."""

import argparse
import asyncio
import sys
from typing import Any

import psycopg

from common.background import set_aside
from common.errors import ApplicationError
from common.postgres import Database, MigrationError, migrate
from common.settings import PostgresSettings

_NOT_PROVISIONED = (psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege)


def add_maintenance(commands: Any) -> None:
    """Add the maintenance commands to an argument parser's subparsers."""
    commands.add_parser("migrate", help="bring the tables up to date and exit")
    parser = commands.add_parser("set-aside", help="list or retry items that keep failing")
    set_aside.add_arguments(parser)


def maintain(
    arguments: argparse.Namespace,
    chosen: PostgresSettings,
    *,
    package: str,
    also: set_aside.Listing | None = None,
) -> None:
    """Run a maintenance command and exit with its status.

    `set-aside list` includes the items of `also`.
    """
    try:
        sys.exit(asyncio.run(_maintain(arguments, chosen, package, also)))
    except ApplicationError as error:
        sys.exit(error.message)


async def _maintain(
    arguments: argparse.Namespace,
    chosen: PostgresSettings,
    package: str,
    also: set_aside.Listing | None,
) -> int:
    database = Database(chosen)
    await database.open(wait_seconds=10)
    try:
        if arguments.command == "set-aside":
            return await set_aside.run(database, arguments, also)
        for name in await migrate(database, package):
            print(f"applied {name}")
        return 0
    except psycopg.errors.UndefinedTable as error:
        if arguments.command == "migrate":
            raise
        raise MigrationError(
            f"The tables are missing or outdated. Run `python -m {package} migrate` first."
        ) from error
    except _NOT_PROVISIONED as error:
        raise MigrationError(
            f"The database is not provisioned ({error}). Run `python -m common.provisioning` first."
        ) from error
    finally:
        await database.close()
