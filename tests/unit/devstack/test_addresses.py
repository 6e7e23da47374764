import socket
from types import SimpleNamespace

import psutil
import pytest

from devstack.addresses import host_names, network_addresses


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Desk", ("desk", "desk.local")),
        ("desk.example.org", ("desk.example.org", "desk.local")),
        ("desk.local", ("desk.local",)),
        ("localhost", ()),
        ("my_desk", ()),
        ("-desk", ()),
        ("", ()),
    ],
)
def test_names(monkeypatch: pytest.MonkeyPatch, name: str, names: tuple[str, ...]) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert host_names() == names


def address(text: str) -> SimpleNamespace:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return SimpleNamespace(family=family, address=text)


def test_addresses_that_others_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces = {
        "lo": [address("127.0.0.1"), address("::1")],
        "wlan0": [
            address("192.168.7.9"),
            address("fd00::9"),
            address("fe80::9%wlan0"),
            SimpleNamespace(family=socket.AF_PACKET, address="02:00:00:00:00:01"),
        ],
        "docker0": [address("172.17.0.1")],
        "eth0": [address("10.0.0.9"), address("169.254.3.4")],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: interfaces)
    assert network_addresses() == ("192.168.7.9", "10.0.0.9")
    assert network_addresses(ipv6=True) == ("192.168.7.9", "fd00::9", "10.0.0.9")


def test_this_machine_is_asked() -> None:
    assert not {"127.0.0.1", "::1"} & set(network_addresses(ipv6=True))
