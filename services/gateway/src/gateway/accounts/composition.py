"""Composition of everything about accounts, from the settings."""

import datetime as dt
from dataclasses import dataclass

from common.errors import StateError
from common.postgres import Database
from common.settings import AuthMode
from gateway.accounts.access_tokens import AccessTokens
from gateway.accounts.entry import Entry
from gateway.accounts.lockout import Lockout
from gateway.accounts.own_account import OwnAccount
from gateway.accounts.passwords import Passwords
from gateway.accounts.people import People
from gateway.accounts.sign_ins import SignIns
from gateway.accounts.teams import Teams
from gateway.sessions.registry import SessionRegistry
from gateway.settings import GatewaySettings

_OPEN = "Nobody signs in here. AUTH_MODE=accounts on the server turns accounts on."


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Operations on accounts."""

    enabled: bool
    entry: Entry
    sign_ins: SignIns
    people: People
    own: OwnAccount
    teams: Teams
    tokens: AccessTokens
    lockout: Lockout
    passwords: Passwords

    def require(self) -> None:
        """Refuse a request about accounts where nobody signs in.

        Raises:
            StateError: the mode is the open one.
        """
        if not self.enabled:
            raise StateError(_OPEN)


def compose(settings: GatewaySettings, database: Database, registry: SessionRegistry) -> Accounts:
    """Create everything about accounts."""
    passwords = Passwords()
    lockout = Lockout(
        database,
        settings.secret_key.get_secret_value(),
        attempts=settings.lockout_attempts,
        lasts=dt.timedelta(seconds=settings.lockout_seconds),
    )
    sign_ins = SignIns(
        database,
        registry,
        idle=dt.timedelta(seconds=settings.sign_in_idle),
        lifetime=dt.timedelta(seconds=settings.sign_in_lifetime),
    )
    entry = Entry(
        database, passwords=passwords, lockout=lockout, sign_ins=sign_ins, registry=registry
    )
    teams = Teams(database, registry)
    return Accounts(
        enabled=settings.auth_mode is AuthMode.ACCOUNTS,
        entry=entry,
        sign_ins=sign_ins,
        people=People(database, registry, teams),
        own=OwnAccount(database, registry),
        teams=teams,
        tokens=AccessTokens(database, registry),
        lockout=lockout,
        passwords=passwords,
    )
