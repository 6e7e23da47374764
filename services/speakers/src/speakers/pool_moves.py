"""Command of operators that moves profiles of the deployment to a workspace."""

import argparse
import asyncio
import re
import sys
from dataclasses import dataclass
from typing import Any

import psycopg.errors

from common.errors import ApplicationError, ValidationError
from common.postgres import Database, MigrationError, migrate
from speakers.settings import SpeakersSettings
from speakers.store import locks
from speakers.store.outbox import ProfileOutbox
from speakers.store.pools import PoolMoves
from speakers.store.profiles import Profiles

NAME = "move-profiles"
_WORKSPACE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Names of moved profiles, and of those left because the workspace has the name already."""

    moved: tuple[str, ...]
    left: tuple[str, ...]


def add(commands: Any) -> None:
    """Add the command to an argument parser's subparsers."""
    parser = commands.add_parser(
        NAME, help="give profiles of the open mode to a workspace of AUTH_MODE=accounts"
    )
    parser.add_argument("workspace", help="identifier of the workspace")
    parser.add_argument(
        "--taught-only",
        action="store_true",
        help="only profiles that nobody but this workspace has made or taught",
    )
    parser.add_argument("--dry-run", action="store_true", help="only print what would be moved")


def run(arguments: argparse.Namespace, settings: SpeakersSettings) -> None:
    """Run the command, print the names, and exit. Errors are printed for people."""
    try:
        done = asyncio.run(_run(arguments, settings))
    except ApplicationError as error:
        sys.exit(error.message)
    verb = "would be moved" if arguments.dry_run else "moved"
    for name in done.moved:
        print(f"{verb}: {name}")
    for name in done.left:
        print(f"left, because the workspace has a speaker of this name: {name}")
    print(f"{len(done.moved)} {verb}, {len(done.left)} left")
    sys.exit(0)


async def move_profiles(
    database: Database, workspace_id: str, *, taught_only: bool = False, dry_run: bool = False
) -> Moved:
    """Move profiles of the deployment to the pool of a workspace, with all that belongs to them.

    Profiles whose name the workspace has already stay. Repeating it moves what was left.

    Raises:
        ValidationError: It is not an identifier of a workspace.
    """
    if not _WORKSPACE_ID.fullmatch(workspace_id):
        raise ValidationError.of("workspace_id", "This is not an identifier of a workspace.")
    async with locks.ledger(database) as connection:
        moves = PoolMoves(connection, workspace_id)
        found = await moves.found(workspace_id if taught_only else None)
        free = [number for number, _, taken in found if not taken]
        if not dry_run:
            await moves.move(free, deleted=not taught_only)
            # Names in transcripts of other workspaces follow the profiles no longer.
            for profile in (await Profiles(connection, workspace_id).all_with(free)).values():
                await ProfileOutbox(connection).updated(profile)
    return Moved(
        moved=tuple(name for _, name, taken in found if not taken),
        left=tuple(name for _, name, taken in found if taken),
    )


async def _run(arguments: argparse.Namespace, settings: SpeakersSettings) -> Moved:
    database = Database(settings)
    await database.open(wait_seconds=10)
    try:
        await migrate(database, "speakers")
        return await move_profiles(
            database,
            arguments.workspace,
            taught_only=arguments.taught_only,
            dry_run=arguments.dry_run,
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"The database is not provisioned ({error}). Run `python -m common.provisioning` first."
        ) from error
    finally:
        await database.close()
