"""Admission of jobs and uploads: room in the queue, and quotas of workspaces and addresses."""

import hashlib
import hmac
from dataclasses import dataclass, replace

from common import lengths, sizes
from common.addresses import current_address, network_of
from common.errors import ResourceExhaustedError
from common.postgres import Connection
from transcriber.domain.workspace_settings import WorkspaceSettings
from transcriber.queue.queue_status import QueueMonitor
from transcriber.store import locks
from transcriber.store.jobs import Jobs
from transcriber.store.uploads import Uploads
from transcriber.store.usage import OriginUsage, Usage
from transcriber.store.workspace_settings import StoredSettings

#: Places of the queue that every workspace can have, however small its share is.
LEAST_PLACES = 10
_LEAST_RETRY_SECONDS = 5
_USUAL_RETRY_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotas:
    """Places of the queue, and limits of what one workspace and one address can have.

    `queue_share` is the part of the queue, 0 to 1, `stored_bytes` the size of its recordings, and
    `queued_seconds` the length of those that wait in the queue. `address_share`,
    `address_stored_bytes` and `address_queued_seconds` are the same for all workspaces of one
    address.
    """

    queue_size: int
    queue_share: float
    address_share: float = 1.0
    stored_bytes: int
    queued_seconds: float
    address_stored_bytes: int
    address_queued_seconds: float

    @property
    def queue_places(self) -> int:
        """Most places of the queue for one workspace."""
        return self._places(self.queue_share)

    @property
    def address_places(self) -> int:
        """Most places of the queue for all workspaces of one address."""
        return self._places(self.address_share)

    def of(self, settings: WorkspaceSettings) -> "Quotas":
        """Return the quotas for a workspace with its own settings."""
        stored, queued = settings.stored_bytes, settings.queued_seconds
        return replace(
            self,
            stored_bytes=self.stored_bytes if stored is None else min(stored, self.stored_bytes),
            queued_seconds=self.queued_seconds
            if queued is None
            else min(queued, self.queued_seconds),
        )

    def _places(self, share: float) -> int:
        return min(self.queue_size, max(LEAST_PLACES, round(share * self.queue_size)))


class Admission:
    """Decides whether there is room for a job or an upload.

    Each check takes a lock, so that the room is kept until the transaction ends.
    """

    def __init__(self, monitor: QueueMonitor, quotas: Quotas, *, secret_key: str = "") -> None:
        """`secret_key` hides addresses in the tables."""
        self._monitor = monitor
        self.quotas = quotas
        self._secret_key = secret_key

    def origin(self) -> str:
        """Return the network of the current client as a keyed hash, empty if it is not known."""
        address = current_address()
        if not address:
            return ""
        text = f"securetranscribe origin {network_of(address)}"
        return hmac.new(self._secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]

    async def quotas_of(self, connection: Connection, workspace_id: str) -> Quotas:
        """Return the quotas in force for a workspace."""
        return self.quotas.of(await StoredSettings(connection).get(workspace_id))

    async def check_place(self, connection: Connection, workspace_id: str) -> None:
        """Check that the queue has a place for a job of a workspace.

        Raises:
            ResourceExhaustedError: the queue is full, or the workspace or the client's address has
                its share of it. The details have `retry_after_seconds`.
        """
        await locks.acquire(connection, locks.QUEUE)
        size, most = self.quotas.queue_size, self.quotas.queue_places
        if await Jobs(connection).waiting() + await Uploads(connection).holding() >= size:
            seconds = await self._retry_seconds(connection)
            raise ResourceExhaustedError(
                f"The queue is full ({size} jobs). Try again in {seconds} seconds.",
                {"queue_size": str(size), "retry_after_seconds": str(seconds)},
            )
        if await Usage(connection, workspace_id).places() >= most:
            raise await self._share_taken(connection, "You have", most, "one user")
        origin, most = self.origin(), self.quotas.address_places
        if origin and await OriginUsage(connection, origin).places() >= most:
            raise await self._share_taken(connection, "Your address has", most, "one address")

    async def check_sound(self, connection: Connection, workspace_id: str, seconds: float) -> None:
        """Check that a workspace and the client's address have not too much sound in the queue.

        `seconds` is the sound of a job that was just added. One recording is always admitted.

        Raises:
            ResourceExhaustedError: it is more than a quota.
        """
        await locks.acquire(connection, locks.QUEUE)
        queued = await Usage(connection, workspace_id).queued_seconds()
        own = await self.quotas_of(connection, workspace_id)
        if _too_long(queued, seconds, own.queued_seconds):
            raise _too_much_sound("Your recordings", queued - seconds, own.queued_seconds)
        if not (origin := self.origin()):
            return
        queued = await OriginUsage(connection, origin).queued_seconds()
        most = self.quotas.address_queued_seconds
        if _too_long(queued, seconds, most):
            raise _too_much_sound(
                "The recordings of your address", queued - seconds, most, "one address"
            )

    async def reserve(
        self, connection: Connection, workspace_id: str, *, least: int, most: int, held: int = 0
    ) -> int:
        """Return the bytes that an upload of a workspace may store, from `least` to `most`.

        `held` bytes are reserved for this upload already.

        Raises:
            ResourceExhaustedError: a quota, of the workspace or of the client's address, leaves
                less than `least`.
        """
        await locks.acquire(connection, locks.storage_of(workspace_id))
        stored = await Usage(connection, workspace_id).stored_bytes() - held
        own = await self.quotas_of(connection, workspace_id)
        free = own.stored_bytes - stored
        if free < least:
            raise _too_much_stored("Your recordings", stored, own.stored_bytes)
        if origin := self.origin():
            await locks.acquire(connection, locks.storage_at(origin))
            stored = await OriginUsage(connection, origin).stored_bytes() - held
            limit = self.quotas.address_stored_bytes
            if limit - stored < least:
                raise _too_much_stored(
                    "The recordings of your address", stored, limit, "one address"
                )
            free = min(free, limit - stored)
        return min(most, free)

    async def _share_taken(
        self, connection: Connection, who: str, most: int, whose: str
    ) -> ResourceExhaustedError:
        seconds = await self._retry_seconds(connection)
        return ResourceExhaustedError(
            f"{who} {most} of the {self.quotas.queue_size} places of the queue, which is the limit "
            f"for {whose}. Try again when one of the recordings is being processed.",
            {"queue_places": str(most), "retry_after_seconds": str(seconds)},
        )

    async def _retry_seconds(self, connection: Connection) -> int:
        wait = (await self._monitor.shown(connection)).forecast.next_begin
        return _USUAL_RETRY_SECONDS if wait is None else max(_LEAST_RETRY_SECONDS, round(wait))


def _too_long(queued: float, added: float, most: float) -> bool:
    """Return whether `queued` seconds are too many. What was added alone never is."""
    return queued > most and queued - added >= 1.0


def _too_much_sound(
    whose: str, queued: float, most: float, holder: str = "one user"
) -> ResourceExhaustedError:
    return ResourceExhaustedError(
        f"{whose} in the queue have {lengths.clock(queued)} hours of sound. With this one they "
        f"would have more than {lengths.clock(most)}, which is the limit for {holder}. Try again "
        "when some have been processed.",
        {"max_queued_duration": lengths.compact(most)},
    )


def _too_much_stored(
    whose: str, stored: int, most: int, holder: str = "one user"
) -> ResourceExhaustedError:
    limit = sizes.compact(most)
    return ResourceExhaustedError(
        f"{whose} take {sizes.readable(stored)} of storage. With this one they would take more "
        f"than {limit}, which is the limit for {holder}. Delete some first.",
        {"max_stored": limit},
    )
