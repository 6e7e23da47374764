"""Discovery documents and keys of providers."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from common import logging
from common.errors import UnavailableError
from common.recent_values import Clock
from gateway.oidc.providers import OidcProvider, is_loopback

_log = logging.get(__name__)
_KEPT_SECONDS = 3600.0
#: Tokens with unknown keys make us fetch the keys again, but not more often than this.
_KEYS_AGAIN_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
_MOST_BYTES = 1024 * 1024
#: Only signatures by a key that we cannot have. `none` and shared secrets are not among them.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """Contents of a discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    algorithms: tuple[str, ...]
    token_auth_methods: tuple[str, ...]
    names_issuer: bool
    """Whether the provider names itself when it sends the browser back."""


class ProviderConnection:
    """Requests to one provider. Its document and keys are kept for an hour."""

    def __init__(self, provider: OidcProvider, *, clock: Clock = time.monotonic) -> None:
        self.provider = provider
        self._clock = clock
        self._http = httpx2.AsyncClient(
            timeout=_TIMEOUT_SECONDS, verify=tls_of(provider), follow_redirects=False
        )
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def metadata(self) -> Metadata:
        """Return the discovery document.

        Raises:
            UnavailableError: it does not answer, or its document is another issuer's.
        """
        if self._metadata is None or self._clock() >= self._metadata[0]:
            document = await self.json(self.provider.discovery_url)
            self._metadata = (self._clock() + _KEPT_SECONDS, self._checked(document))
        return self._metadata[1]

    async def keys(self, *, again: bool = False) -> KeySet:
        """Return the provider's keys. `again` fetches them once more, at most every few seconds.

        Raises:
            UnavailableError: the provider does not answer.
        """
        now = self._clock()
        if self._keys is not None:
            fetched, known = self._keys
            if now < fetched + (_KEYS_AGAIN_SECONDS if again else _KEPT_SECONDS):
                return known
        document = await self.json((await self.metadata()).jwks_uri)
        self._keys = (now, self._key_set(document))
        return self._keys[1]

    async def json(self, url: str, *, token: str = "") -> Mapping[str, Any]:
        """Return the JSON object at an address.

        Raises:
            UnavailableError: there is none.
        """
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = await self._http.get(url, headers=headers)
            answer.raise_for_status()
            if len(answer.content) > _MOST_BYTES:
                raise self.unavailable("an answer is too long")
            found = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise self.unavailable(repr(error)) from error
        if not isinstance(found, dict):
            raise self.unavailable("an answer is no JSON object")
        return found

    def unavailable(self, reason: str) -> UnavailableError:
        """Log why the provider cannot be used, and return the error for people."""
        _log.warning("sign-in provider unavailable", provider=self.provider.id, reason=reason)
        return UnavailableError(
            f"{self.provider.label} cannot be reached. Try again soon, or tell your administrator."
        )

    def _checked(self, document: Mapping[str, Any]) -> Metadata:
        issuer = document.get("issuer")
        if issuer != self.provider.issuer:
            raise self.unavailable(f"its document is of the issuer {issuer!r}")
        supported = document.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = tuple(one for one in ALGORITHMS if one in supported)
        if not algorithms:
            raise self.unavailable(f"it only signs with {supported}")
        return Metadata(
            authorization_endpoint=self._address(document, "authorization_endpoint"),
            token_endpoint=self._address(document, "token_endpoint"),
            jwks_uri=self._address(document, "jwks_uri"),
            userinfo_endpoint=self._address(document, "userinfo_endpoint", needed=False),
            end_session_endpoint=self._address(document, "end_session_endpoint", needed=False),
            algorithms=algorithms,
            token_auth_methods=tuple(
                document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            ),
            names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, document: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
        url = document.get(name)
        if not isinstance(url, str) or not url:
            if needed:
                raise self.unavailable(f"its document has no {name}")
            return ""
        if not url.startswith("https://") and not is_loopback(self.provider.issuer):
            raise self.unavailable(f"its {name} is not protected by TLS")
        return url

    def _key_set(self, document: Mapping[str, Any]) -> KeySet:
        keys = document.get("keys")
        found = []
        for key in keys if isinstance(keys, list) else ():
            # Providers may publish keys for encryption, and of kinds that we do not know.
            if isinstance(key, dict) and key.get("use", "sig") == "sig":
                try:
                    found += KeySet.import_key_set({"keys": [key]}).keys
                except (JoseError, ValueError, TypeError, KeyError):
                    _log.debug("key of a sign-in provider left out", kind=str(key.get("kty")))
        if not found:
            raise self.unavailable("it has no keys for signatures")
        return KeySet(found)


def tls_of(provider: OidcProvider) -> ssl.SSLContext | bool:
    """Return how the provider's certificate is checked."""
    if provider.ca_file is None:
        return True
    return ssl.create_default_context(cafile=str(provider.ca_file))
