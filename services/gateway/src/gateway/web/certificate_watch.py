"""Certificates renewed while the gateway runs."""

from collections.abc import Callable
from pathlib import Path

from common import logging

_log = logging.get(__name__)


class CertificateWatch:
    """Loads the certificate again when its file has changed.

    Programs for renewal replace the files, and expect nothing to be restarted.
    """

    def __init__(self, certificate: Path, key: Path, use: Callable[[Path, Path], None]) -> None:
        """Initialize. `use` raises OSError if the pair cannot be used."""
        self._certificate = certificate
        self._key = key
        self._use = use
        self._used = self._stamps()

    async def step(self) -> None:
        """Look once. A pair with another's key is tried again at the next step."""
        stamps = self._stamps()
        if stamps is None or stamps == self._used:
            return
        try:
            self._use(self._certificate, self._key)
        except OSError as error:
            _log.warning("renewed certificate cannot be used", reason=str(error))
            return
        self._used = stamps
        _log.info("renewed certificate in use")

    def _stamps(self) -> tuple[tuple[int, int], ...] | None:
        """Return the identities of the files, None while one is being replaced."""
        try:
            states = [path.stat() for path in (self._certificate, self._key)]
        except OSError:
            return None
        return tuple((state.st_ino, state.st_mtime_ns) for state in states)
