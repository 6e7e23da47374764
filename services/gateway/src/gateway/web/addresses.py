"""Which address a call really comes from when proxies stand in between."""

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """The proxies whose word about a caller's address counts. `*` trusts everybody."""

    def __init__(self, proxies: Iterable[str]) -> None:
        """`proxies` are addresses or networks (`10.0.0.0/8`); ValueError for anything else."""
        names = tuple(proxies)
        self._everybody = "*" in names
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(name, strict=False) for name in names if name != "*"
        )

    def client(self, peer: str, forwarded_for: str) -> str:
        """The caller's address: the last one in X-Forwarded-For that no proxy of ours wrote.

        `peer` is the address at the other end of the connection; it is the answer when it is not
        trusted, or said nothing.
        """
        address = peer
        for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
            if not self._trusted(address):
                return address
            if _parsed(hop) is None:
                return address
            address = hop
        return address

    def _trusted(self, address: str) -> bool:
        if self._everybody:
            return True
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
