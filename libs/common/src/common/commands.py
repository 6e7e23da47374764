"""Command line of services with a database: serve, `migrate` and `set-aside`."""

import argparse
import asyncio
import sys
from typing import Any

from common import runtime, settings
from common.background import set_aside
from common.errors import ApplicationError
from common.postgres import Database, migrate
from common.settings import PostgresSettings


def main(service: str, configuration: type[Any], serve: runtime.Serve) -> None:
    """Run `python -m SERVICE [migrate | set-aside ...]`. Without a command, serve."""
    parser = argparse.ArgumentParser(prog=f"python -m {service}")
    add_maintenance(parser.add_subparsers(dest="command", metavar="COMMAND"))
    arguments = parser.parse_args()
    if arguments.command is None:
        runtime.run(service, settings.load(configuration), serve)
    else:
        maintain(arguments, settings.load(configuration), package=service)


def add_maintenance(commands: Any) -> None:
    """Add the maintenance commands to an argument parser's subparsers."""
    commands.add_parser("migrate", help="bring the tables up to date and exit")
    parser = commands.add_parser("set-aside", help="list or retry items that keep failing")
    set_aside.add_arguments(parser)


def maintain(arguments: argparse.Namespace, chosen: PostgresSettings, *, package: str) -> None:
    """Run a maintenance command and exit with its status."""
    try:
        sys.exit(asyncio.run(_maintain(arguments, chosen, package)))
    except ApplicationError as error:
        sys.exit(error.message)


async def _maintain(arguments: argparse.Namespace, chosen: PostgresSettings, package: str) -> int:
    database = Database(chosen)
    await database.open(wait_seconds=10)
    try:
        if arguments.command == "set-aside":
            return await set_aside.run(database, arguments)
        for name in await migrate(database, package):
            print(f"applied {name}")
        return 0
    finally:
        await database.close()
