"""Passwords of links, as argon2id hashes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import ValidationError

MIN_LENGTH = 8
MAX_LENGTH = 256
#: As OWASP advises. Every attempt takes this memory and some 50 ms of a core.
_MEMORY_KIB = 19 * 1024
_ROUNDS = 2
_AT_ONCE = 2


class LinkPasswords:
    """Hashes and verifies passwords in threads of its own, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="link passwords")

    async def hash(self, password: str) -> str | None:
        """Return the hash to store, None without a password.

        Raises:
            ValidationError: the password is too short or too long.
        """
        if not password:
            return None
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise ValidationError.of(
                "password", f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters."
            )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, stored: str, password: str) -> bool:
        """Return whether a password is the one of a stored hash."""
        if not password or len(password) > MAX_LENGTH:
            return False
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._matches, stored, password)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
