"""Checksums of appended bytes."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from common.errors import ChecksumError, ValidationError

#: Algorithms by the names that the tus protocol gives them. It requires SHA-1.
ALGORITHMS = ("sha1", "sha256")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checksum:
    """The announced checksum of one append."""

    algorithm: str
    digest: bytes
    _hasher: Any = field(repr=False)

    @classmethod
    def of(cls, algorithm: str, digest: bytes) -> "Checksum | None":
        """Return an announced checksum, None for an empty algorithm.

        Raises:
            ValidationError: the algorithm is unknown, or the digest has another length.
        """
        if not algorithm:
            return None
        if algorithm not in ALGORITHMS:
            raise ValidationError.of("checksum", f"Use one of {', '.join(ALGORITHMS)}.")
        hasher = hashlib.new(algorithm, usedforsecurity=False)
        if len(digest) != hasher.digest_size:
            raise ValidationError.of("checksum", f"This is no {algorithm} checksum.")
        return cls(algorithm=algorithm, digest=digest, _hasher=hasher)

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._hasher.update(chunk)

    def verify(self) -> None:
        """Compare at the end.

        Raises:
            ChecksumError: the bytes have another checksum.
        """
        if not hmac.compare_digest(self._hasher.digest(), self.digest):
            raise ChecksumError(
                "The received bytes do not have the announced checksum. Send them again.",
                {"algorithm": self.algorithm},
            )
