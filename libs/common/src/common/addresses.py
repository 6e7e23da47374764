"""Client addresses behind trusted proxies."""

import contextvars
import ipaddress
from collections.abc import Iterable
from urllib.parse import unquote

_current: contextvars.ContextVar[str] = contextvars.ContextVar("address", default="")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """Proxies trusted to report the client's address. `*` trusts every peer."""

    def __init__(self, proxies: Iterable[str]) -> None:
        """Parse addresses and networks (`10.0.0.0/8`). Raise ValueError for anything else."""
        names = tuple(proxies)
        self._everybody = "*" in names
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(name, strict=False) for name in names if name != "*"
        )

    def client(self, peer: str, forwarded_for: str) -> str:
        """Return the client address: the last hop in X-Forwarded-For not from a trusted proxy.

        `peer` is the address of the connection. It is returned if it is not a trusted proxy or if
        there is no forwarded address.
        """
        address = peer
        for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
            if not self.trusts(address):
                return address
            if _parsed(hop) is None:
                return address
            address = hop
        return address

    def trusts(self, address: str) -> bool:
        """Return whether this is the address of a trusted proxy."""
        if self._everybody:
            return True
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def network_of(address: str) -> str:
    """Return the addresses of one client: an IPv4 address, or an IPv6 /64."""
    parsed = _parsed(address)
    if parsed is None or parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def peer_host(peer: str) -> str:
    """Return the address of a gRPC peer such as `ipv4:127.0.0.1:50100`, or "" if it has none."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return ""
    host = rest.rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return ""


def use_address(address: str) -> None:
    """Make this the client's address in the current context."""
    _current.set(address)


def current_address() -> str:
    """Return the client's address, "" outside a request."""
    return _current.get()
