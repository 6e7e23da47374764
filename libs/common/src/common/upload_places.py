"""Places of uploads in progress, in total, per session and per address."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from common.addresses import network_of
from common.errors import ResourceExhaustedError
from common.settings import UploadSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceLimits:
    """Numbers of uploads at once. IPv6 addresses count by /64."""

    total: int
    per_session: int
    per_address: int

    @classmethod
    def of(cls, settings: UploadSettings) -> Self:
        """Return the limits of the settings."""
        return cls(
            total=settings.uploads_at_once,
            per_session=settings.uploads_per_session,
            per_address=settings.uploads_per_address,
        )


class UploadPlaces:
    """Counter of the uploads in progress in this process."""

    def __init__(self, limits: PlaceLimits) -> None:
        self._limits = limits
        self._total = 0
        self._sessions: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()

    @contextmanager
    def place(self, session: str, address: str) -> Iterator[None]:
        """Hold a place for the duration of an upload.

        Uploads passed on by another service have no address.

        Raises:
            ResourceExhaustedError: there are too many uploads in progress.
        """
        network = network_of(address)
        self._require(session, network)
        held = [(self._sessions, session)] + ([(self._addresses, network)] if network else [])
        self._total += 1
        for counter, name in held:
            counter[name] += 1
        try:
            yield
        finally:
            self._total -= 1
            for counter, name in held:
                counter[name] -= 1
                if not counter[name]:
                    del counter[name]

    def _require(self, session: str, network: str) -> None:
        if self._sessions[session] >= self._limits.per_session:
            raise ResourceExhaustedError(
                f"At most {self._limits.per_session} of your uploads can be in progress at once. "
                "Wait for one to end."
            )
        if network and self._addresses[network] >= self._limits.per_address:
            raise ResourceExhaustedError(
                "Too many uploads from your address are in progress. Try again later."
            )
        if self._total >= self._limits.total:
            raise ResourceExhaustedError("Too many uploads are in progress. Try again later.")
