"""Names and addresses of this machine in its networks."""

import re
import socket
from ipaddress import ip_address

import psutil

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
#: Networks of containers and virtual machines, which no other machine is in.
_VIRTUAL = ("docker", "br-", "veth", "virbr", "cni", "flannel", "lxc", "podman")


def host_names() -> tuple[str, ...]:
    """Return the host name, and its name for Bonjour and Avahi (`name.local`).

    Empty if the host name cannot be a name in a certificate.
    """
    name = socket.gethostname().lower().rstrip(".")
    if name == "localhost" or len(name) > 240 or _HOST_NAME.fullmatch(name) is None:
        return ()
    return tuple(dict.fromkeys((name, f"{name.partition('.')[0]}.local")))


def network_addresses(*, ipv6: bool = False) -> tuple[str, ...]:
    """Return the addresses of this machine, without loopback and link-local ones."""
    families = {socket.AF_INET, socket.AF_INET6} if ipv6 else {socket.AF_INET}
    found = [
        ip_address(one.address.partition("%")[0])
        for interface, addresses in psutil.net_if_addrs().items()
        if not interface.startswith(_VIRTUAL)
        for one in addresses
        if one.family in families
    ]
    return tuple(str(one) for one in found if not one.is_loopback and not one.is_link_local)
