"""Sign-out: a provider ends sessions here, and people end theirs at the provider."""

import datetime as dt
from collections.abc import Callable, Sequence
from urllib.parse import urlencode, urlsplit

from common import logging
from common.errors import AuthenticationError, NotFoundError, UnavailableError
from gateway.oidc.sign_in import OidcSignIn
from gateway.oidc.store import OidcStore
from gateway.oidc.tokens import TokenVerifier
from gateway.sessions.registry import SessionRegistry

_log = logging.get(__name__)
_LONGEST_TOKEN = 16 * 1024


class OidcSignOut:
    """Ends sessions from providers."""

    def __init__(
        self,
        sign_in: OidcSignIn,
        store: OidcStore,
        registry: SessionRegistry,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._sign_in = sign_in
        self._store = store
        self._registry = registry
        self._now = now

    async def by_provider(self, provider_id: str, token: str) -> Sequence[str]:
        """End the sessions in a log-out token of a provider. Return them.

        Raises:
            NotFoundError: there is no such provider.
            AuthenticationError: it is not a log-out token for us, or was used before.
            UnavailableError: the provider's keys cannot be fetched.
        """
        connection = self._sign_in.connection(provider_id)
        if not token or len(token) > _LONGEST_TOKEN:
            raise AuthenticationError("There is no log-out token.", {"reason": "invalid_token"})
        found = await TokenVerifier(connection).logout_token(token)
        issuer = connection.provider.issuer
        expires = dt.datetime.fromtimestamp(found.expires_at, dt.UTC)
        if not await self._store.use_logout_token(issuer, found.token_id, expires):
            raise AuthenticationError("The log-out token was used already.", {"reason": "used"})
        # With a session, only that one ends. Without, all sessions of the subject do.
        sessions = await self._store.sessions_of(
            issuer, subject=found.subject, provider_session=found.session
        )
        for session_id in sessions:
            await self._registry.invalidate(session_id)
        _log.info("sessions ended by a provider", provider=provider_id, count=len(sessions))
        return sessions

    async def address(self, session_id: str, *, return_to: str) -> str:
        """Return where a session ends at its provider. Empty if it did not begin at one.

        `return_to` is the address for the browser afterwards.
        """
        began = await self._store.session(session_id)
        if began is None:
            return ""
        provider_id, id_token = began
        try:
            connection = self._sign_in.connection(provider_id)
            endpoint = (await connection.metadata()).end_session_endpoint
        except (NotFoundError, UnavailableError):
            return ""
        if not endpoint:
            return ""
        parameters = {
            "id_token_hint": id_token,
            "client_id": connection.provider.client_id,
            "post_logout_redirect_uri": return_to,
        }
        separator = "&" if urlsplit(endpoint).query else "?"
        return f"{endpoint}{separator}{urlencode(parameters)}"
