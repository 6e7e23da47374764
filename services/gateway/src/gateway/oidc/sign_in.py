"""Sign-in with a provider: to its page, and back with a code."""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from common import logging
from common.errors import AuthenticationError, NotFoundError
from gateway.oidc.claims import Person, needs_more, person_of
from gateway.oidc.metadata import Metadata, ProviderConnection, tls_of
from gateway.oidc.providers import OidcProvider, by_id
from gateway.oidc.store import Login, OidcStore, ProviderSession
from gateway.oidc.tokens import TokenVerifier

_log = logging.get(__name__)
#: Time for the provider's page, with a second factor.
LOGIN_LASTS = dt.timedelta(minutes=15)
_SECONDS = 10.0
_LONGEST_RETURN = 500
_LONGEST_PARAMETER = 4096
#: What providers say when they send the browser back without a code.
_REFUSALS = {
    "access_denied": "{name} did not sign you in, or you cancelled. Try again.",
    "login_required": "{name} wants you to sign in there first. Try again.",
    "interaction_required": "{name} wants you to sign in there first. Try again.",
    "consent_required": "{name} needs your consent. Try again.",
    "temporarily_unavailable": "{name} is not available now. Try again soon.",
    "server_error": "{name} has a problem. Try again soon.",
}
_MISCONFIGURED = (
    "{name} does not accept this server. Tell your administrator: the log of the gateway has the "
    "reason."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Departure:
    """Address of the provider's sign-in page, and the secret of the browser until it is back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A person back from the provider."""

    person: Person
    began: ProviderSession
    return_to: str


class OidcSignIn:
    """Sign-ins with all providers."""

    def __init__(
        self,
        providers: tuple[OidcProvider, ...],
        store: OidcStore,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._providers = by_id(providers)
        self._connections = {name: ProviderConnection(one) for name, one in self._providers.items()}
        self._store = store
        self._now = now

    @property
    def providers(self) -> tuple[OidcProvider, ...]:
        """The providers in the order of the setting."""
        return tuple(self._providers.values())

    def connection(self, provider_id: str) -> ProviderConnection:
        """Return the connection to a provider.

        Raises:
            NotFoundError: there is no such provider.
        """
        found = self._connections.get(provider_id)
        if found is None:
            raise NotFoundError("There is no such sign-in provider.")
        return found

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            await connection.close()

    async def start(
        self, provider_id: str, *, browser: str, return_to: str, redirect_uri: str
    ) -> Departure:
        """Begin a sign-in. `browser` is the secret of the browser, if it has one.

        Raises:
            NotFoundError: there is no such provider.
            UnavailableError: it does not answer.
        """
        connection = self.connection(provider_id)
        metadata = await connection.metadata()
        login = Login(
            provider=provider_id,
            state=secrets.token_urlsafe(32),
            browser=browser or secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(64),
            return_to=safe_return(return_to),
            expires_at=self._now() + LOGIN_LASTS,
        )
        await self._store.begin(login)
        async with self._client(connection.provider, metadata, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=login.state,
                code_verifier=login.code_verifier,
                nonce=login.nonce,
            )
        return Departure(url=url, browser=login.browser)

    async def finish(
        self,
        provider_id: str,
        parameters: Mapping[str, str],
        *,
        browser: str,
        redirect_uri: str,
    ) -> Arrival:
        """Return the person back from a provider.

        Raises:
            NotFoundError: there is no such provider.
            AuthenticationError: the provider signed nobody in, or the answer is not one to this
                browser. `reason` in the details is for programs.
            UnavailableError: the provider does not answer.
        """
        connection = self.connection(provider_id)
        provider = connection.provider
        state = parameters.get("state", "")
        begun = None
        if state and browser and len(state) <= _LONGEST_PARAMETER:
            begun = await self._store.take(provider_id, state, browser, self._now())
        if begun is None:
            raise AuthenticationError(
                "This sign-in has expired, was used already, or began in another browser. "
                "Sign in again.",
                {"reason": "expired"},
            )
        metadata = await connection.metadata()
        code = self._code(provider, metadata, parameters)
        tokens = await self._exchange(
            provider, metadata, redirect_uri, code=code, code_verifier=begun.code_verifier
        )
        claims = await self._claims(connection, metadata, tokens, nonce=begun.nonce)
        person = person_of(provider, claims)
        if not person.permitted:
            raise AuthenticationError(
                f"Your account of {provider.label} may not use this service. "
                "Ask your administrator to add you to a group that may.",
                {"reason": "not_permitted"},
            )
        session = claims.get("sid")
        began = ProviderSession(
            provider=provider_id,
            issuer=person.issuer,
            subject=person.subject,
            provider_session=session if isinstance(session, str) else "",
            id_token=str(tokens["id_token"]),
        )
        return Arrival(person=person, began=began, return_to=begun.return_to)

    def _code(
        self, provider: OidcProvider, metadata: Metadata, parameters: Mapping[str, str]
    ) -> str:
        """Return the code in the answer of a provider."""
        issuer = parameters.get("iss")
        if (metadata.names_issuer or issuer is not None) and issuer != provider.issuer:
            _log.warning("answer of another issuer", provider=provider.id)
            raise AuthenticationError(
                f"The answer does not come from {provider.label}. Sign in again.",
                {"reason": "other_issuer"},
            )
        error = parameters.get("error", "")
        if error:
            _log.warning("sign-in provider refused", provider=provider.id, error=error[:100])
            text = _REFUSALS.get(error, _MISCONFIGURED).format(name=provider.label)
            raise AuthenticationError(text, {"reason": "refused"})
        code = parameters.get("code", "")
        if not code or len(code) > _LONGEST_PARAMETER:
            raise AuthenticationError(
                f"The answer of {provider.label} has no code. Sign in again.",
                {"reason": "invalid_answer"},
            )
        return code

    async def _exchange(
        self,
        provider: OidcProvider,
        metadata: Metadata,
        redirect_uri: str,
        *,
        code: str,
        code_verifier: str,
    ) -> Mapping[str, Any]:
        """Return the tokens for a code."""
        try:
            async with self._client(provider, metadata, redirect_uri) as client:
                tokens = await client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=code_verifier,
                )
        except OAuthError as error:
            _log.warning("code refused", provider=provider.id, error=str(error)[:200])
            raise AuthenticationError(
                f"{provider.label} does not accept the sign-in any more. Sign in again.",
                {"reason": "code_refused"},
            ) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise self.connection(provider.id).unavailable(repr(error)) from error
        if not isinstance(tokens.get("id_token"), str):
            raise self.connection(provider.id).unavailable("it returned no ID token")
        found: Mapping[str, Any] = tokens
        return found

    async def _claims(
        self,
        connection: ProviderConnection,
        metadata: Metadata,
        tokens: Mapping[str, Any],
        *,
        nonce: str,
    ) -> Mapping[str, Any]:
        """Return the claims of the ID token, completed from the user's information."""
        access_token = str(tokens.get("access_token", ""))
        claims = await TokenVerifier(connection).id_token(
            tokens["id_token"], nonce=nonce, access_token=access_token
        )
        if not (metadata.userinfo_endpoint and access_token):
            return claims
        if not needs_more(connection.provider, claims):
            return claims
        more = await connection.json(metadata.userinfo_endpoint, token=access_token)
        if more.get("sub") != claims["sub"]:
            raise AuthenticationError(
                f"The answers of {connection.provider.label} differ. Sign in again.",
                {"reason": "invalid_token"},
            )
        return {**more, **claims}

    def _client(
        self, provider: OidcProvider, metadata: Metadata, redirect_uri: str
    ) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=provider.client_id,
            client_secret=provider.secret() or None,
            token_endpoint_auth_method=_auth_method(provider, metadata),
            scope=" ".join(provider.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_SECONDS,
            verify=tls_of(provider),
        )


def safe_return(path: str) -> str:
    """Return a path of this server to go to after the sign-in. Others become the start page."""
    plain = path.isascii() and path.isprintable() and " " not in path
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if local and plain and len(path) <= _LONGEST_RETURN else "/"


def _auth_method(provider: OidcProvider, metadata: Metadata) -> str:
    """Return how the client authenticates itself."""
    if not provider.secret():
        return "none"
    if provider.token_auth_method:
        return provider.token_auth_method
    if "client_secret_basic" in metadata.token_auth_methods:
        return "client_secret_basic"
    return "client_secret_post"
