"""Addresses, certificates and timeouts of connections."""

import ssl
from typing import Any

import httpx2

from securetranscribe.live import Address

DEFAULT_URL = "http://localhost:8000/api"
#: The response to an upload arrives after the whole file has been received and checked.
_UPLOAD_SECONDS = 300


def context() -> ssl.SSLContext:
    """Return the authorities of the system, or of the file in SSL_CERT_FILE."""
    return httpx2.create_ssl_context(trust_env=True)


def options(timeout_seconds: float, verify: ssl.SSLContext) -> dict[str, Any]:
    """Return the options of an `httpx2.Client`."""
    return {
        "timeout": httpx2.Timeout(timeout_seconds, read=max(timeout_seconds, _UPLOAD_SECONDS)),
        # No proxies of the environment, but its certificate authorities (SSL_CERT_FILE).
        "trust_env": False,
        "verify": verify,
    }


def live_address(base_url: str, token: str, verify: ssl.SSLContext) -> Address:
    """Return the address of the WebSocket."""
    scheme, _, rest = base_url.partition("://")
    url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws"
    return Address(url=url, token=token, context=verify)
