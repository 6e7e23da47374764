"""A certificate for one address, good for an hour."""

import subprocess
from pathlib import Path


def self_signed(directory: Path, address: str) -> tuple[Path, Path]:
    """Writes a certificate and its key; returns where."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "1",
            "-subj", f"/CN={address}", "-addext", f"subjectAltName=IP:{address}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key
