"""Tokens of pages."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from common.errors import ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToken:
    """The newest entry at the first page, and the number of hits shown so far."""

    snapshot: int
    offset: int

    def encode(self, search: str) -> str:
        """Return a token for the next page of a search, given all of its parameters as text."""
        content = json.dumps([self.snapshot, self.offset, _digest(search)]).encode()
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str, search: str) -> "PageToken":
        """Invert `encode`.

        Raises:
            ValidationError: it is not a token of this search.
        """
        try:
            padded = token + "=" * (-len(token) % 4)
            snapshot, offset, digest = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
            known = digest == _digest(search)
            valid = all(type(value) is int and 0 <= value < 2**63 for value in (snapshot, offset))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            known = valid = False
        if not known or not valid:
            raise ValidationError.of("cursor", "The cursor belongs to another search.")
        return cls(snapshot=snapshot, offset=offset)


def _digest(search: str) -> str:
    return hashlib.sha256(search.encode()).hexdigest()[:16]
