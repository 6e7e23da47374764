"""HTTPS of the gateway on one machine: its certificate, kept in the data directory."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.addresses import host_names, network_addresses
from devstack.authority import (
    KeyPair,
    authority_serves,
    certificate_serves,
    fingerprint,
    issue,
    make_authority,
)
from devstack.config import StackConfig
from devstack.files import DataDirectory, write_private

AUTHORITY_PATH = "/local-authority.crt"
"""Where the gateway offers the authority's certificate."""

_LOCAL = ("localhost", "127.0.0.1", "::1")
_ANY = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not listened on
Clock = Callable[[], dt.datetime]


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Files of the authority and of the gateway's certificate, all of them private."""

    directory: Path
    clock: Clock = _utc_now

    @property
    def authority(self) -> Path:
        """Certificate for devices to trust."""
        return self.directory / "authority.crt"

    @property
    def certificate(self) -> Path:
        """Certificate of the gateway."""
        return self.directory / "server.crt"

    @property
    def key(self) -> Path:
        """Key of the gateway's certificate."""
        return self.directory / "server.key"

    def ensure(self, names: tuple[str, ...]) -> None:
        """Make or renew whatever is missing, invalid, about to end, or lacks a name.

        Devices have to trust a new authority again. One is made for a name or a public address
        beyond the limits of the earlier one, and before ten years are over.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = self.clock()
        authority = _read(self.authority, self._authority_key)
        if authority is None or not authority_serves(authority, names, now):
            owner = next(iter(host_names()), "this machine")
            authority = make_authority(owner, names, now)
            _write(authority, self.authority, self._authority_key)
        issued = _read(self.certificate, self.key)
        if issued is None or not certificate_serves(issued, authority, names, now):
            _write(issue(authority, names, now), self.certificate, self.key)

    @property
    def _authority_key(self) -> Path:
        return self.directory / "authority.key"


@dataclass(frozen=True, kw_only=True)
class Https:
    """How the gateway serves HTTPS, and how others reach it."""

    certificates: Certificates | None
    """None if the operator brings a certificate (SSL_CERT_PATH)."""

    hosts: tuple[str, ...] = ()
    """Names and addresses for other machines of the network."""

    @classmethod
    def of(
        cls, config: StackConfig, files: DataDirectory, environment: Mapping[str, str]
    ) -> "Https | None":
        """Return the choices of a stack, None without TLS."""
        if not config.tls:
            return None
        if environment.get("SSL_CERT_PATH"):
            return cls(certificates=None)
        return cls(certificates=Certificates(directory=files.tls), hosts=_hosts(config.host))

    @property
    def names(self) -> tuple[str, ...]:
        """All names and addresses of the certificate."""
        return tuple(dict.fromkeys((*_LOCAL, *self.hosts)))

    def ensure(self) -> None:
        """Make or renew the certificate."""
        if self.certificates is not None:
            self.certificates.ensure(self.names)

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the gateway's variables for its certificate and its names."""
        if self.certificates is None:
            return {}
        allowed = environment.get("ALLOWED_HOSTS", "").split(",")
        named = dict.fromkeys(name.strip() for name in (*allowed, *self.names))
        return {
            "SSL_CERT_PATH": str(self.certificates.certificate),
            "SSL_KEY_PATH": str(self.certificates.key),
            "LOCAL_AUTHORITY_PATH": str(self.certificates.authority),
            "ALLOWED_HOSTS": ",".join(name for name in named if name),
        }

    def fingerprint(self) -> str | None:
        """Return the SHA-256 of the authority, None without one."""
        if self.certificates is None:
            return None
        return fingerprint(self.certificates.authority.read_text(encoding="ascii"))


def _hosts(host: str) -> tuple[str, ...]:
    """Return the names for a listening address."""
    if host in _ANY:
        return (*network_addresses(ipv6=":" in host), *host_names())
    return () if host in _LOCAL else (host,)


def _read(certificate: Path, key: Path) -> KeyPair | None:
    try:
        return KeyPair(
            certificate=certificate.read_text(encoding="ascii"),
            key=key.read_text(encoding="ascii"),
        )
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _write(pair: KeyPair, certificate: Path, key: Path) -> None:
    # A crash in between leaves a pair that does not match, and is made again.
    write_private(key, pair.key)
    write_private(certificate, pair.certificate)
