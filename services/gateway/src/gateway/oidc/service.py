"""Composition of sign-in with providers, from the settings."""

from dataclasses import dataclass

from common.postgres import Database
from gateway.oidc.sign_in import OidcSignIn
from gateway.oidc.sign_out import OidcSignOut
from gateway.oidc.store import OidcStore
from gateway.oidc.users import ProviderUsers
from gateway.sessions.registry import SessionRegistry
from gateway.settings import GatewaySettings


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """Operations of sign-in with providers."""

    sign_in: OidcSignIn
    sign_out: OidcSignOut
    users: ProviderUsers
    store: OidcStore
    public_url: str
    """Address of this server as browsers and providers see it. Empty means that of the request."""

    async def close(self) -> None:
        """Close the connections to providers."""
        await self.sign_in.close()


def compose(settings: GatewaySettings, database: Database, registry: SessionRegistry) -> Oidc:
    """Create everything about providers."""
    store = OidcStore(database)
    sign_in = OidcSignIn(settings.oidc_providers, store, now=registry.now)
    return Oidc(
        sign_in=sign_in,
        sign_out=OidcSignOut(sign_in, store, registry, now=registry.now),
        users=ProviderUsers(database, registry),
        store=store,
        public_url=settings.public_url.rstrip("/"),
    )
