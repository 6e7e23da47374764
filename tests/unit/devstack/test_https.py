import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509

from devstack import https
from devstack.authority import RENEWAL, certificate_names
from devstack.config import StackConfig
from devstack.files import DataDirectory
from devstack.https import Certificates, Https

NAMES = ("localhost", "192.168.7.9")


class Clock:
    """A clock that tests set forward."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def certificates(tmp_path: Path, clock: Clock) -> Certificates:
    return Certificates(directory=tmp_path / "tls", clock=clock)


def contents(certificates: Certificates) -> dict[str, str]:
    return {path.name: path.read_text() for path in certificates.directory.iterdir()}


def test_files_are_private(certificates: Certificates) -> None:
    certificates.ensure(NAMES)
    assert set(contents(certificates)) == {
        "authority.crt",
        "authority.key",
        "server.crt",
        "server.key",
    }
    assert certificates.directory.stat().st_mode & 0o777 == 0o700
    for path in certificates.directory.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_files_are_kept_while_they_serve(certificates: Certificates) -> None:
    certificates.ensure(NAMES)
    before = contents(certificates)
    certificates.ensure(NAMES[:1])
    assert contents(certificates) == before


def test_the_certificate_is_renewed_by_the_same_authority(
    certificates: Certificates, clock: Clock
) -> None:
    certificates.ensure(NAMES)
    before = contents(certificates)
    clock.now += dt.timedelta(days=397) - RENEWAL + dt.timedelta(days=1)
    certificates.ensure(NAMES)
    after = contents(certificates)
    assert after["authority.crt"] == before["authority.crt"]
    assert after["server.crt"] != before["server.crt"]
    renewed = x509.load_pem_x509_certificate(after["server.crt"].encode())
    assert renewed.not_valid_after_utc > clock.now + dt.timedelta(days=396)


def test_a_new_address_makes_a_new_certificate(certificates: Certificates) -> None:
    certificates.ensure(NAMES)
    before = contents(certificates)
    certificates.ensure((*NAMES, "10.0.0.1"))
    after = contents(certificates)
    assert after["authority.crt"] == before["authority.crt"]
    renewed = x509.load_pem_x509_certificate(after["server.crt"].encode())
    assert certificate_names(renewed) == [*NAMES, "10.0.0.1"]


@pytest.mark.parametrize("name", ["authority.crt", "authority.key"])
@pytest.mark.parametrize("text", [None, "", "garbage", "\xff"])
def test_a_lost_or_broken_authority_is_replaced(
    certificates: Certificates, name: str, text: str | None
) -> None:
    certificates.ensure(NAMES)
    before = contents(certificates)
    path = certificates.directory / name
    path.unlink() if text is None else path.write_text(text, encoding="latin-1")
    certificates.ensure(NAMES)
    assert all(contents(certificates)[name] != before[name] for name in before)


def test_a_pair_torn_by_a_crash_is_made_again(certificates: Certificates) -> None:
    certificates.ensure(NAMES)
    before = contents(certificates)
    certificates.key.write_text(before["authority.key"])
    certificates.ensure(NAMES)
    after = contents(certificates)
    assert after["server.key"] not in (before["server.key"], before["authority.key"])
    assert after["authority.crt"] == before["authority.crt"]


@pytest.fixture
def files(tmp_path: Path) -> DataDirectory:
    return DataDirectory(root=tmp_path)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {False: ("192.168.7.9",), True: ("192.168.7.9", "fd00::9")}
    monkeypatch.setattr(https, "network_addresses", lambda *, ipv6: addresses[ipv6])
    monkeypatch.setattr(https, "host_names", lambda: ("desk", "desk.local"))


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        ("0.0.0.0", ("192.168.7.9", "desk", "desk.local")),
        ("::", ("192.168.7.9", "fd00::9", "desk", "desk.local")),
        ("192.168.7.9", ("192.168.7.9",)),
        ("127.0.0.1", ()),
    ],
)
def test_names_follow_the_listening_address(
    files: DataDirectory, host: str, hosts: tuple[str, ...]
) -> None:
    made = Https.of(StackConfig(tls=True, host=host), files, {})
    assert made is not None
    assert made.hosts == hosts
    assert made.names == ("localhost", "127.0.0.1", "::1", *hosts)


def test_without_tls_there_is_nothing(files: DataDirectory) -> None:
    assert Https.of(StackConfig(), files, {}) is None


def test_variables_of_the_gateway(files: DataDirectory) -> None:
    made = Https.of(StackConfig(tls=True, host="192.168.7.9"), files, {})
    assert made is not None
    made.ensure()
    assert made.variables({"ALLOWED_HOSTS": "office.example, localhost"}) == {
        "SSL_CERT_PATH": str(files.tls / "server.crt"),
        "SSL_KEY_PATH": str(files.tls / "server.key"),
        "LOCAL_AUTHORITY_PATH": str(files.tls / "authority.crt"),
        "ALLOWED_HOSTS": "office.example,localhost,127.0.0.1,::1,192.168.7.9",
    }
    assert made.variables({})["ALLOWED_HOSTS"] == "localhost,127.0.0.1,::1,192.168.7.9"
    assert len((made.fingerprint() or "").split(":")) == 32


def test_a_certificate_of_the_operator_takes_precedence(files: DataDirectory) -> None:
    environment = {"SSL_CERT_PATH": "/etc/own.pem", "SSL_KEY_PATH": "/etc/own.key"}
    made = Https.of(StackConfig(tls=True), files, environment)
    assert made is not None
    made.ensure()
    assert made.variables(environment) == {}
    assert made.fingerprint() is None
    assert not files.tls.exists()
