"""Permitted addresses of receivers. Nobody reaches internal ones through a webhook."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from gateway.webhooks.webhook import MAX_URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HTTPS_PORT, _HTTP_PORT = 443, 80
# Networks that are internal although they count as public: services of clouds, addresses of sites,
# and those with an IPv4 address inside that a router takes out.
_INTERNAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("168.63.129.16/32", "192.0.0.0/24"),
        *("fec0::/10", "2002::/16", "64:ff9b:1::/48"),
    )
)
#: IPv6 addresses of networks that translate to IPv4. All public ones can be reached there.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedAddressError(Exception):
    """An address out of reach for webhooks."""


class PermittedNetworks:
    """Decides on addresses: public ones may be reached, and internal ones of permitted networks."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "PermittedNetworks":
        """Return permitted networks from texts such as `10.1.0.0/16`.

        Raises:
            ValueError: one of them is not a network.
        """
        return cls(ipaddress.ip_network(text) for text in texts)

    def admits(self, text: str, *, secure: bool) -> bool:
        """Return whether an address may be reached. Without TLS, only permitted networks may."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if self._is_allowed(address):
            return True
        return secure and is_public(address)

    def _is_allowed(self, address: Address) -> bool:
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._allowed)


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet."""
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address in network for network in _INTERNAL):
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    # Which addresses are global differs between versions of Python for some special networks.
    return address.is_global and not (special or address.is_private)


def parsed_url(text: str) -> SplitResult:
    """Return the parts of the URL of a receiver.

    Raises:
        ValueError: it is not a URL that can be sent to. The message is for its owner.
    """
    if len(text) > MAX_URL:
        raise ValueError(f"A URL has at most {MAX_URL} characters.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("Write the URL in ASCII: encode other characters.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("Use a URL such as https://example.org/hooks.") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("Use a URL such as https://example.org/hooks.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave out the user and the password. Requests are signed instead.")
    if parts.fragment:
        raise ValueError("Leave out the part behind #.")
    if port == 0:
        raise ValueError("Use a port from 1 to 65535.")
    return parts


def port_of(parts: SplitResult) -> int:
    """Return the port of a URL."""
    return parts.port or (_HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT)
