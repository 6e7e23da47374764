"""Addresses and URLs of receivers."""

import pytest

from gateway.webhooks.addresses import PermittedNetworks, parsed_url, port_of

NOTHING = PermittedNetworks()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.10",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::5db8:d70e",
        "localhost",
        "",
    ],
)
def test_internal_addresses_are_refused(address: str) -> None:
    assert not NOTHING.admits(address, secure=True)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::93.184.215.14"]
)
def test_public_addresses_need_tls(address: str) -> None:
    assert NOTHING.admits(address, secure=True)
    assert not NOTHING.admits(address, secure=False)


@pytest.mark.parametrize("secure", [True, False])
def test_permitted_networks_do_without_tls(secure: bool) -> None:
    permitted = PermittedNetworks.parse(["10.1.0.0/16", "fd00:1::/32", "127.0.0.1"])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::7", "127.0.0.1"):
        assert permitted.admits(address, secure=secure)
    for address in ("10.2.0.1", "fd00:2::7", "127.0.0.2", "::1"):
        assert not permitted.admits(address, secure=secure)


@pytest.mark.parametrize("text", ["10.1.0.1/16", "internal", "10.0.0.0/33"])
def test_other_networks_are_errors(text: str) -> None:
    with pytest.raises(ValueError, match=r"host bits|appear"):
        PermittedNetworks.parse([text])


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("https://example.org", 443),
        ("https://example.org/hooks?key=1", 443),
        ("https://example.org:8443/", 8443),
        ("http://10.1.2.3/hooks", 80),
        ("https://[fd00:1::7]:9000/x", 9000),
    ],
)
def test_urls(text: str, port: int) -> None:
    assert port_of(parsed_url(text)) == port


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ftp://example.org/", "Use a URL"),
        ("example.org/hooks", "Use a URL"),
        ("https:///hooks", "Use a URL"),
        ("https://[::1/", "Use a URL"),
        ("https://example.org:70000/", "Use a URL"),
        ("https://example.org:x/", "Use a URL"),
        ("https://example.org:0/", "port"),
        ("https://me:secret@example.org/", "user"),
        ("https://good.example\\@10.0.0.1/", "user"),
        ("https://example.org/#part", "#"),
        ("https://exämple.org/", "ASCII"),
        ("https://example.org/a b", "ASCII"),
        ("https://example.org/\r\nHost: other", "ASCII"),
        (f"https://example.org/{'x' * 2048}", "2048"),
    ],
)
def test_other_urls_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parsed_url(text)
