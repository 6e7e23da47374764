"""Commands of operators: the setup token, and the way back in when nobody can sign in."""

import argparse
import asyncio
import sys
from typing import Any

import psycopg

from common.errors import ApplicationError, ConflictError
from common.postgres import Database, MigrationError, migrate
from gateway.accounts.one_time_tokens import (
    PASSWORD_LASTS,
    SETUP_LASTS,
    OneTimeToken,
    OneTimeTokens,
    Purpose,
)
from gateway.accounts.user import checked_name
from gateway.accounts.users import NewUser, UserChange, Users
from gateway.sessions.session import utc_now
from gateway.settings import GatewaySettings

SETUP = "setup-token"
RESET = "reset-administrator"
NAMES = (SETUP, RESET)


def add(commands: Any) -> None:
    """Add the commands to an argument parser's subparsers."""
    commands.add_parser(SETUP, help="print a one-time token for the first administrator")
    parser = commands.add_parser(
        RESET, help="print a one-time token that sets the password of an administrator"
    )
    parser.add_argument("name", help="name of the user, who becomes an administrator")


def run(arguments: argparse.Namespace, settings: GatewaySettings) -> None:
    """Run a command, print the token, and exit. Errors are printed for people."""
    try:
        made = asyncio.run(_run(arguments, settings))
    except ApplicationError as error:
        sys.exit(error.message)
    print(made.token)
    sys.exit(0)


async def setup_token(database: Database) -> OneTimeToken:
    """Make the token to create the first administrator, in place of earlier ones.

    Raises:
        ConflictError: there are users already.
    """
    async with database.transaction() as connection:
        if await Users(connection).exist():
            raise ConflictError(
                f"There are users already. The command `{RESET} NAME` in place of `{SETUP}` helps "
                "an administrator who cannot sign in."
            )
        return await OneTimeTokens(connection).make(Purpose.SETUP, utc_now(), SETUP_LASTS)


async def reset_administrator(database: Database, name: str) -> OneTimeToken:
    """Make a token for an administrator to set a password.

    The user is created if there is none with the name, enabled, and made an administrator.
    """
    name, now = checked_name(name), utc_now()
    async with database.transaction() as connection:
        users = Users(connection)
        found = await users.find(name)
        user = found[0] if found else await users.add(NewUser(name=name), now)
        change = UserChange(administrator=True, disabled=False)
        await users.change(user.user_id, change, now)
        return await OneTimeTokens(connection).make(
            Purpose.PASSWORD, now, PASSWORD_LASTS, user.user_id
        )


async def _run(arguments: argparse.Namespace, settings: GatewaySettings) -> OneTimeToken:
    database = Database(settings)
    await database.open(wait_seconds=10)
    try:
        await migrate(database, "gateway")
        if arguments.command == SETUP:
            return await setup_token(database)
        return await reset_administrator(database, arguments.name)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"The database is not provisioned ({error}). Run `python -m common.provisioning` first."
        ) from error
    finally:
        await database.close()
