"""Repetition of erasures after a backup was restored."""

import contextlib
from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.erasure_ledger import Erasure, ErasureKind, ErasureLedger
from common.errors import NotFoundError
from common.postgres import Connection, Database
from transcriber.names.speakers_client import SpeakersClient
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.workspaces import WorkspaceEraser
from transcriber.store.erasures import RESTORED, Erasures

_AT_A_TIME = 1000
_log = logging.get(__name__)


class ReplayStep(ItemStep[Erasure]):
    """Repeats erasures that the ledger has and the database lacks, because it was restored."""

    name = "replays"
    items = "erasures since a restored backup"
    outcome = "The restored thing stays until an administrator erases it."
    policy = Policy(most_attempts=20, first_pause=5.0, longest_pause=3600.0, timeout=600.0)

    def __init__(
        self,
        database: Database,
        ledger: ErasureLedger,
        deleter: Deleter,
        workspaces: WorkspaceEraser,
        speakers: SpeakersClient,
    ) -> None:
        super().__init__(database)
        self._ledger = ledger
        self._deleter = deleter
        self._workspaces = workspaces
        self._speakers = speakers

    async def compare(self) -> None:
        """Compare the ledger with the database, and note what has to be erased again.

        Raises:
            UnavailableError: the object store or the database does not answer.
        """
        entries = [
            entry
            for entry in await self._ledger.entries()
            if entry.kind is not ErasureKind.RECORDING
        ]
        found = 0
        for start in range(0, len(entries), _AT_A_TIME):
            async with self._database.transaction() as connection:
                found += await Erasures(connection).found(entries[start : start + _AT_A_TIME])
        ids = [int(entry.subject) for entry in entries if entry.kind is ErasureKind.TRANSCRIPTION]
        if ids:
            async with self._database.transaction() as connection:
                await Erasures(connection).skip_ids(max(ids))
        if found:
            _log.warning("the database is older than the ledger of erasures", erasures=found)

    def key(self, item: Erasure) -> str:
        """Return the key in the ledger."""
        return item.key

    async def due(self, connection: Connection, limit: int) -> Sequence[Erasure]:
        """Return erasures to be repeated."""
        return await Erasures(connection).replays(limit)

    async def handle(self, item: Erasure) -> None:
        """Repeat one erasure. Things made after it have got the identifier again, and stay."""
        with contextlib.suppress(NotFoundError):
            match item.kind:
                case ErasureKind.TRANSCRIPTION:
                    await self._deleter.erase(
                        int(item.subject), created_before=item.erased_at, reason=RESTORED
                    )
                case ErasureKind.WORKSPACE:
                    await self._workspaces.erase(item.subject, RESTORED)
                    await self._speakers.erase_workspace(item.subject, RESTORED)
                case ErasureKind.VOICE:
                    await self._speakers.erase_voices(
                        [int(item.subject)], created_before=item.erased_at
                    )
        async with self._database.transaction() as connection:
            await Erasures(connection).replayed(item)
