"""Passwords: their rules, and their argon2id hashes."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import ValidationError

MIN_LENGTH = 12
#: Long enough for sentences, short enough that hashing stays cheap.
MAX_LENGTH = 256
#: As OWASP advises. Every attempt takes this memory and some 50 ms of a core.
_MEMORY_KIB = 19 * 1024
_ROUNDS = 2
_AT_ONCE = 2

Answer = TypeVar("Answer")


class Passwords:
    """Hashes and verifies passwords in threads of its own, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether a password is the one of a stored hash.

        Without a stored hash, it takes as long and is False.
        """
        if len(password) > MAX_LENGTH:
            password = ""
        matches = await self._run(self._matches, stored or self._nobody, password)
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., Answer], *arguments: str) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def checked_password(password: str, *names: str) -> str:
    """Return an acceptable password. There are no rules of composition.

    Raises:
        ValidationError: it is too short or too long, repeats one character, or is the user's name.
    """
    field = "password"
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ValidationError.of(field, f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if len(set(password)) < 4:
        raise ValidationError.of(field, "A password has at least four different characters.")
    known = {name.casefold() for name in names if name}
    if password.casefold() in known:
        raise ValidationError.of(field, "A password is not the name or the e-mail address.")
    return password
