"""Directories whose files a language model may name."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class ForbiddenFileError(Exception):
    """The file is missing, is outside of the directories, or is no regular file."""


class Directories:
    """Directories named by the user. Links that lead out of them are refused."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [path.resolve(strict=True) for path in paths]

    def __str__(self) -> str:
        return ", ".join(map(str, self._paths))

    def find(self, name: str) -> Path:
        """Return the real path of a file, which may be relative to one of the directories.

        Raises:
            ForbiddenFileError: with the same text for files that are missing and files elsewhere,
                so that nothing is learned about other directories.
        """
        for directory in self._paths:
            try:
                real = (directory / name).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                continue
            if any(real.is_relative_to(allowed) for allowed in self._paths) and real.is_file():
                return real
        raise ForbiddenFileError(
            f"There is no file {name!r} below the allowed directories: {self}. Name a file there, "
            "or ask the user to move it there, or to allow its directory with --directory."
        )

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading. Raise ForbiddenFileError as `find` does."""
        real = self.find(name)
        # A link or a pipe may have taken its place.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(real, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ForbiddenFileError(f"{name!r} is no regular file. Name a recording.")
            yield file
