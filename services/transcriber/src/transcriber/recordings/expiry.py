"""Expiry of whole transcriptions by RETENTION_DAYS, with a warning before."""

from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import NotFoundError
from common.postgres import Connection, Database
from transcriber.domain.retention import Retention
from transcriber.outbox import messages
from transcriber.recordings.deletion import Deleter
from transcriber.store.expiry import Expiry, StoredSource
from transcriber.store.outbox import JobOutbox
from transcriber.store.transcriptions import Transcriptions

RETENTION_OVER = "RETENTION_DAYS"
_log = logging.get(__name__)


class ExpiryWarningStep(ItemStep[int]):
    """Warns owners of transcriptions that will be erased."""

    name = "expiry-warnings"
    items = "transcriptions that will be erased soon"
    outcome = "The owner is not warned, and the transcription stays."
    policy = Policy(at_a_time=4)

    def __init__(self, database: Database, *, retention: Retention) -> None:
        super().__init__(database)
        self._retention = retention

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions within the time of the warning."""
        return await Expiry(connection).expiring(self._retention, limit)

    async def handle(self, item: int) -> None:
        """Warn the owner of one transcription."""
        async with self._database.transaction() as connection:
            transcriptions = Transcriptions(connection)
            if await transcriptions.lock(item) is None:
                return
            await Expiry(connection).warned(item)
            transcription = await transcriptions.get(item)
            assert transcription is not None, "it is locked"
            until = self._retention.transcription_until(transcription)
            if until is None:  # A job has started in the meantime.
                return
            await JobOutbox(connection).event(messages.transcription_expiring(transcription, until))
        _log.info("transcription expires soon", transcription_id=item, kept_until=until.isoformat())


class RetentionStep(ItemStep[StoredSource]):
    """Erases transcriptions whose time is over. Voices that a person named stay."""

    name = "retention"
    items = "transcriptions older than RETENTION_DAYS"
    outcome = "The transcription stays until its owner or an administrator deletes it."
    policy = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)

    def __init__(self, database: Database, deleter: Deleter, *, retention: Retention) -> None:
        super().__init__(database)
        self._deleter = deleter
        self._retention = retention

    def key(self, item: StoredSource) -> str:
        """Return the transcription's id."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[StoredSource]:
        """Return transcriptions whose time is over."""
        return await Expiry(connection).expired(self._retention, limit)

    async def handle(self, item: StoredSource) -> None:
        """Erase one transcription."""
        try:
            await self._deleter.erase(
                item.transcription_id,
                workspace_id=item.workspace_id,
                reason=RETENTION_OVER,
                keep_voices=True,
            )
        except NotFoundError:
            _log.debug("already deleted by its owner")
