"""People, programs and workspaces for the tests of accounts."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from common.postgres import Database
from gateway.accounts.one_time_tokens import SETUP_LASTS, OneTimeTokens, Purpose
from gateway.sessions.session import utc_now
from tests.integration.emptying import empty
from tests.integration.gateway.conftest import Running

PASSWORD = "correct horse battery"
_TABLES = (
    "users",
    "workspaces",
    "sign_in_failures",
    "account_links",
    "ended_workspaces",
    "sessions",
)


async def start_over(database: Database) -> None:
    """Delete everybody and every session."""
    await empty(database, *_TABLES)


async def setup_token(database: Database) -> str:
    """Make a setup token, as `python -m gateway setup-token` does."""
    async with database.transaction() as connection:
        made = await OneTimeTokens(connection).make(Purpose.SETUP, utc_now(), SETUP_LASTS)
    return made.token


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who has signed in."""

    client: httpx2.AsyncClient
    user_id: str
    name: str
    token: str
    workspace_id: str

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the data of a successful request."""
        response = await self.client.request(method, f"/api{path}", **options)
        assert response.status_code < 300, response.text
        return response.json()["data"]

    async def refused(self, method: str, path: str, **options: Any) -> int:
        """Return the status of a refused request."""
        response = await self.client.request(method, f"/api{path}", **options)
        assert response.status_code >= 400, response.text
        assert response.json()["success"] is False
        return response.status_code

    async def switch(self, workspace_id: str) -> None:
        """Work in another workspace."""
        await self.ask("POST", f"/workspaces/{workspace_id}/switch")


def person(client: httpx2.AsyncClient, data: Any) -> Person:
    """Return the person of an answer to a sign-in."""
    return Person(
        client=client,
        user_id=data["user"]["user_id"],
        name=data["user"]["name"],
        token=data["session_token"],
        workspace_id=data["workspace"]["workspace_id"],
    )


@asynccontextmanager
async def first_administrator(running: Running, database: Database) -> AsyncIterator[Person]:
    """Set the deployment up and sign its first administrator in."""
    body = {
        "setup_token": await setup_token(database),
        "name": "Ada",
        "password": PASSWORD,
        "email": "ada@example.org",
    }
    async with running.client() as client:
        response = await client.post("/api/auth/setup", json=body)
        assert response.status_code == 201, response.text
        yield person(client, response.json()["data"])


@asynccontextmanager
async def new_user(
    running: Running, administrator: Person, name: str, **more: Any
) -> AsyncIterator[Person]:
    """Create a user, who sets a password with the link and is signed in then."""
    made = await administrator.ask("POST", "/users", json={"name": name, **more})
    body = {"reset_token": made["link"]["reset_token"], "new_password": PASSWORD}
    async with running.client() as client:
        response = await client.post("/api/auth/reset", json=body)
        assert response.status_code == 200, response.text
        yield person(client, response.json()["data"])


@asynccontextmanager
async def program(
    running: Running, owner: Person, scopes: list[str], **more: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    """Create an access token and return a client that sends it."""
    made = await owner.ask("POST", "/tokens", json={"name": "robot", "scopes": scopes, **more})
    headers = {"authorization": f"Bearer {made['secret']}"}
    async with running.client(headers=headers) as client:
        yield client


def ago(**duration: float) -> dt.datetime:
    """Return a time in the past."""
    return utc_now() - dt.timedelta(**duration)
