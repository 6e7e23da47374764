"""Throw-away certificate authorities for tests of TLS."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A certificate authority with its files in one directory."""

    directory: Path
    signer: trustme.CA

    @classmethod
    def make(cls, directory: Path) -> "Authority":
        """Create the directory and write the authority's certificate to it."""
        directory.mkdir(parents=True)
        authority = cls(directory=directory, signer=trustme.CA())
        authority.signer.cert_pem.write_to_path(authority.certificate)
        return authority

    @property
    def certificate(self) -> Path:
        """Certificate for clients and servers to trust."""
        return self.directory / "ca.pem"

    def issue(
        self, name: str, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    ) -> tuple[Path, Path]:
        """Write a certificate, followed by the authority's, and its key. Return both paths."""
        made = self.signer.issue_cert(*hosts, common_name=name)
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        chain = [pem.bytes() for pem in (*made.cert_chain_pems, self.signer.cert_pem)]
        certificate.write_bytes(b"".join(chain))
        made.private_key_pem.write_to_path(key)
        return certificate, key
