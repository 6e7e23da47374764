"""Erasure of kept events, also from the copy for subscribers."""

import contextlib
from collections.abc import Awaitable

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, logging
from common.errors import UnavailableError

_log = logging.get(__name__)


class KeptEvents:
    """The kept events of services, and the copy of them that subscribers read.

    The copy belongs to another account of the same server, which lends a part of its API. A server
    that does not permit this keeps its copy until the events expire.
    """

    def __init__(self, client: Client) -> None:
        self._stream = client.jetstream()
        self._copy = client.jetstream(prefix=bus.EVENT_COPY_API)

    async def erase(self, subject: str, *, before: int) -> None:
        """Erase the events of a subject, up to a position in the stream of services.

        Unlike a purge, this overwrites their bytes.

        Raises:
            UnavailableError: JetStream does not answer.
        """
        try:
            await _delete(self._stream, subject, before=before)
        except nats.errors.Error as error:
            raise _unavailable() from error
        await _tolerant(_delete(self._copy, subject))

    async def purge(self, *subjects: str) -> None:
        """Remove the events of subjects.

        Raises:
            UnavailableError: JetStream does not answer.
        """
        try:
            await _purge(self._stream, subjects)
        except nats.errors.Error as error:
            raise _unavailable() from error
        await _tolerant(_purge(self._copy, subjects))


async def _delete(stream: JetStreamContext, subject: str, *, before: int | None = None) -> None:
    with contextlib.suppress(nats.js.errors.NotFoundError):
        while True:
            found = await stream.get_msg(bus.EVENTS_STREAM, seq=1, subject=subject, next=True)
            if found.seq is None or (before is not None and found.seq >= before):
                return
            await stream.delete_msg(bus.EVENTS_STREAM, found.seq)


async def _purge(stream: JetStreamContext, subjects: tuple[str, ...]) -> None:
    for subject in subjects:
        await stream.purge_stream(bus.EVENTS_STREAM, subject=subject)


async def _tolerant(change: Awaitable[None]) -> None:
    """Change the copy, which not every server has or permits."""
    try:
        await change
    except nats.js.errors.NotFoundError:
        return
    except nats.errors.Error as error:
        _log.warning(
            "events for subscribers stay until they expire: does the configuration of NATS have "
            "the imports and exports of deploy/nats/nats.conf?",
            reason=str(error) or type(error).__name__,
        )


def _unavailable() -> UnavailableError:
    return UnavailableError("Events cannot be erased now. Try again soon.")
