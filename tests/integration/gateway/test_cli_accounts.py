"""Logins and access tokens of the command line, where people sign in."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.postgres import Database
from tests.integration.gateway.accounts import PASSWORD, Person, first_administrator, start_over
from tests.integration.gateway.conftest import MakeGateway, Running


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Commands of one user of a machine."""

    directory: Path
    url: str

    async def run(self, *arguments: str, typed: str = "", status: int = 0) -> str:
        """Run a command. Return its output, and its errors if it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "securetranscribe.cli", *arguments),
            env={
                **os.environ,
                "XDG_CONFIG_HOME": str(self.directory),
                "XDG_STATE_HOME": str(self.directory),
                "SECURETRANSCRIBE_URL": self.url,
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate(typed.encode())
        assert process.returncode == status, (output, errors)
        return (output if status == 0 else errors).decode()


@pytest.fixture(scope="module")
async def closed(make_gateway: MakeGateway) -> AsyncIterator[Running]:
    """A gateway where people sign in."""
    async with make_gateway(auth_mode="accounts") as one:
        yield one


@pytest.fixture
async def ada(closed: Running, database: Database) -> AsyncIterator[Person]:
    """The first administrator."""
    await start_over(database)
    async with first_administrator(closed, database) as one:
        yield one
    await start_over(database)


@pytest.fixture
def terminal(closed: Running, tmp_path: Path) -> Terminal:
    """Return commands of a new user of a machine."""
    return Terminal(directory=tmp_path, url=f"{closed.base_url}/api")


async def test_people_sign_in_and_out(terminal: Terminal, ada: Person) -> None:
    assert "AUTHENTICATION_ERROR" in await terminal.run("tokens", status=1)
    wrong = await terminal.run("login", "--name", "Ada", typed="a wrong password\n", status=1)
    assert "AUTHENTICATION_ERROR" in wrong
    assert "Ada" in await terminal.run("login", typed=f"Ada\n{PASSWORD}\n")
    stored = json.loads((terminal.directory / "securetranscribe/login.json").read_text())
    session = stored["tokens"][terminal.url]
    assert await terminal.run("tokens") == ""
    await terminal.run("logout")
    assert "AUTHENTICATION_ERROR" in await terminal.run("tokens", status=1)
    ended = await terminal.run("login", "--with-token", typed=f"{session}\n", status=1)
    assert "AUTHENTICATION_ERROR" in ended


async def test_access_tokens_are_created_used_and_revoked(
    terminal: Terminal, ada: Person, tmp_path: Path
) -> None:
    await terminal.run("login", "--name", "Ada", typed=f"{PASSWORD}\n")
    secret = (await terminal.run("tokens", "create", "backup", "--days", "3")).strip()
    (listed,) = json.loads(await terminal.run("tokens", "--json"))
    assert listed["name"] == "backup"
    assert listed["scopes"] == ["read", "export"]
    assert secret.startswith(listed["hint"])
    program = Terminal(directory=tmp_path / "program", url=terminal.url)
    assert "Ada" in await program.run("login", "--with-token", typed=f"{secret}\n")
    await program.run("logout")
    # The token of a program stays valid for others.
    await program.run("login", "--with-token", typed=f"{secret}\n")
    assert "AUTHORIZATION_ERROR" in await program.run("tokens", "create", "more", status=1)
    assert listed["token_id"] in await terminal.run("tokens", "revoke", listed["token_id"])
    revoked = await program.run("login", "--with-token", typed=f"{secret}\n", status=1)
    assert "AUTHENTICATION_ERROR" in revoked


async def test_a_missing_token_is_reported(terminal: Terminal, ada: Person) -> None:
    told = await terminal.run("login", "--with-token", status=2)
    assert "no token on standard input" in told
