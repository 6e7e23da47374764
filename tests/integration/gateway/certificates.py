"""A certificate for one address."""

from pathlib import Path

from tests.certificates import Authority


def self_signed(directory: Path, address: str) -> tuple[Path, Path]:
    """Write a certificate, with the authority to trust behind it, and its key."""
    return Authority.make(directory / "authority").issue("gateway", hosts=(address,))
