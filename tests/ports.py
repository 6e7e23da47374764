"""Ports for processes started by tests."""

from devstack.ports import PortClaims

_CLAIMS = PortClaims()


def free_port() -> int:
    """Return a port that no other process claims while the test process lives.

    It lies below those of outgoing connections, any of which could else take it in between, and
    no stack that starts at the same time chooses it.
    """
    return _CLAIMS.take()
