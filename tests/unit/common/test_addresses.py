"""Client addresses behind trusted proxies."""

import pytest

from common.addresses import TrustedProxies, network_of, peer_host


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.5", "10.0.0.8, 10.0.0.7", "10.0.0.8"),
        ("10.0.0.5", "unknown", "10.0.0.5"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_last_untrusted_hop_is_the_client(peer: str, forwarded: str, client: str) -> None:
    assert TrustedProxies(["10.0.0.0/8", "::1"]).client(peer, forwarded) == client


def test_a_wildcard_trusts_every_peer() -> None:
    assert TrustedProxies(["*"]).client("203.0.113.9", "6.6.6.6, 7.7.7.7") == "6.6.6.6"


def test_host_names_are_rejected() -> None:
    with pytest.raises(ValueError, match="proxy"):
        TrustedProxies(["proxy.example.org"])


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:127.0.0.1:50100", "127.0.0.1"),
        ("ipv6:[::1]:50100", "::1"),
        ("ipv6:%5B2001:db8::7%5D:50100", "2001:db8::7"),
        ("unix:/tmp/socket", ""),
        ("ipv4:nonsense:1", ""),
        ("", ""),
    ],
)
def test_grpc_peer_addresses(peer: str, address: str) -> None:
    assert peer_host(peer) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:0:5:1:2:3:4", "2001:db8:0:5::/64"),
        ("::1", "::/64"),
        ("", ""),
    ],
)
def test_network_of_a_client(address: str, network: str) -> None:
    assert network_of(address) == network
