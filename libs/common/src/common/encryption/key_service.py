"""A key service: it holds the deployment's key, wraps and unwraps keys, and gives none away.

The protocol is in docs/encryption.md. Small programs in front of the key management of a cloud, a
Vault or a hardware module speak it.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

import urllib3

from common.encryption.key_holders import WrappedKey
from common.encryption.wrapping import WrongKeyError
from common.errors import UnavailableError

_SECONDS = 10.0
_REFUSED = 403
_AWAY = "The key service does not answer. Try again soon."
_LONGEST_NAME = 200


class KeyService:
    """`KeyHolder` that asks a key service."""

    def __init__(self, url: str, *, token: str = "", authority: str = "") -> None:
        """`token` is sent as a bearer token. `authority` is a file of trusted certificates."""
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=_SECONDS),
            # All requests may be repeated.
            retries=urllib3.Retry(total=2, backoff_factor=0.2, redirect=0, allowed_methods=None),
            ca_certs=authority or None,
        )

    async def current(self) -> str:
        """Return the name of the wrapping key."""
        return _name(await self._ask("GET", "key"))

    async def known(self, names: Sequence[str]) -> bool:  # noqa: ARG002 - only it knows
        """Return whether the service answers. It names no keys but the current one."""
        await self.current()
        return True

    async def wrap(self, key: bytes, context: str) -> WrappedKey:
        """Have a key wrapped."""
        body = {"context": context, "plaintext": base64.b64encode(key).decode()}
        answer = await self._ask("POST", "wrap", body)
        return WrappedKey(data=_bytes(answer, "ciphertext"), by=_name(answer))

    async def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """Have a key unwrapped."""
        body = {
            "context": context,
            "key": wrapped.by,
            "ciphertext": base64.b64encode(wrapped.data).decode(),
        }
        return _bytes(await self._ask("POST", "unwrap", body), "plaintext")

    async def _ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        answer = await asyncio.to_thread(self._request, method, path, body)
        if not isinstance(answer, dict):
            raise UnavailableError(_AWAY)
        return answer

    def _request(self, method: str, path: str, body: Mapping[str, str] | None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        try:
            response = self._pool.request(
                method, f"{self._url}/{path}", body=sent, headers=self._headers
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnavailableError(_AWAY) from error
        if response.status == _REFUSED and path == "unwrap":
            raise WrongKeyError("the key service refuses to unwrap it")
        if response.status != 200:
            raise UnavailableError(_AWAY) from RuntimeError(f"it answered {response.status}")
        try:
            return json.loads(response.data)
        except ValueError as error:
            raise UnavailableError(_AWAY) from error


def _name(answer: Mapping[str, Any]) -> str:
    name = answer.get("key")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise UnavailableError(_AWAY)
    return name


def _bytes(answer: Mapping[str, Any], field: str) -> bytes:
    try:
        return base64.b64decode(answer[field], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise UnavailableError(_AWAY) from error
