"""One line of progress, rewritten in place on a terminal."""

import sys
import time
from typing import TextIO


class Progress:
    """Progress of an installation. Off a terminal, each line is a line of its own."""

    def __init__(self, *, total: int, stream: TextIO = sys.stdout) -> None:
        self.total = total
        self.done = 0
        self._stream = stream
        self._rewrites = stream.isatty()
        self._shown = ""
        self._last = time.monotonic()

    def line(self, text: str) -> None:
        """Print a lasting line."""
        self._clear()
        self._write(f"{text}\n")

    def package(self, text: str) -> None:
        """Count one package and show it."""
        self.done += 1
        self.total = max(self.total, self.done)
        self.status(self.counted(text), lasting=not self._rewrites)

    def counted(self, text: str) -> str:
        """Return a text with the count before it, such as `[ 57/188] torch 2.13.0`."""
        width = len(str(self.total))
        return f"[{self.done:>{width}}/{self.total}] {text}"

    def status(self, text: str, *, lasting: bool = False) -> None:
        """Show the current state. Off a terminal, show it when `lasting` or every half minute."""
        if self._rewrites:
            self._clear()
            self._write(text[:100])
            self._shown = text
        elif lasting or time.monotonic() - self._last > 30:
            self._write(f"{text}\n")

    def close(self) -> None:
        """Remove the unfinished line."""
        self._clear()

    def _clear(self) -> None:
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
        self._last = time.monotonic()
