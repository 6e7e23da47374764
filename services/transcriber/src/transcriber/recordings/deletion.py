"""Deletion of transcriptions, at once for the caller and completely even after a crash."""

import asyncio
import datetime as dt
from collections.abc import Sequence

from common import logging
from common.background.attempts import ItemAttempts
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.erasure_ledger import ErasureKind
from common.errors import ApplicationError, NotFoundError
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.early_parts import beginning_key
from transcriber.domain.sealed_names import both_names
from transcriber.names.speakers_client import SpeakersClient
from transcriber.outbox import messages
from transcriber.queue.cancellation import JobCanceller
from transcriber.recordings.ledger import LedgerWriter
from transcriber.store import step_names
from transcriber.store.captures import Captures
from transcriber.store.dead_letters import DeadLetters
from transcriber.store.deletions import Deletion, Deletions
from transcriber.store.erasures import Erasures
from transcriber.store.jobs import Jobs
from transcriber.store.keys import DataKeys
from transcriber.store.outbox import JobOutbox
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions

#: How long (seconds) a caller waits for objects to be deleted. The background step finishes it.
_AT_ONCE_SECONDS = 10.0
#: Steps whose items are transcriptions.
_STEPS = (
    "clips",
    "names",
    "decisions",
    "recordings",
    "retention",
    "expiry-warnings",
    "playback-copies",
    "word-times",
    "titles",
    "trash",
)
BY_OWNER = "deleted by its owner"
_log = logging.get(__name__)


class Deleter:
    """Deletes transcriptions with their objects and learned voices."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        speakers: SpeakersClient,
        canceller: JobCanceller,
        ledger: LedgerWriter,
        *,
        bucket_audio: str,
        bucket_results: str,
    ) -> None:
        self._database = database
        self._objects = objects
        self._speakers = speakers
        self._canceller = canceller
        self._ledger = ledger
        self._bucket_audio = bucket_audio
        self._bucket_results = bucket_results

    async def delete(self, transcription_id: int, workspace_id: str) -> None:
        """Delete a workspace's transcription for its owner, cancelling its live job.

        Raises:
            NotFoundError: the workspace has no such transcription.
        """
        await self.erase(transcription_id, workspace_id=workspace_id, reason=BY_OWNER)

    async def erase(
        self,
        transcription_id: int,
        *,
        reason: str,
        workspace_id: str | None = None,
        created_before: dt.datetime | None = None,
        trashed_at: dt.datetime | None = None,
        keep_voices: bool = False,
    ) -> None:
        """Delete a transcription, of a workspace or created before a time if one is given.

        With `trashed_at`, it must lie in the trash since then.
        With `keep_voices`, voices that a person named stay with their profiles.

        Raises:
            NotFoundError: there is no such transcription.
        """
        sequences: list[int] = []
        async with self._database.transaction() as connection:
            transcriptions = Transcriptions(connection)
            transcription = await transcriptions.lock(transcription_id)
            if (
                transcription is None
                or workspace_id not in {None, transcription.workspace_id}
                or (created_before and transcription.created_at >= created_before)
                or trashed_at not in {None, transcription.trashed_at}
            ):
                raise NotFoundError("There is no such transcription.")
            await Captures(connection).discard_live(transcription_id)
            live = await Jobs(connection).live_of(transcription_id)
            late = await Tasks(connection).may_still_write(transcription_id)
            if live is not None:
                job = await Jobs(connection).get(live)
                assert job is not None, "it is live"
                sequences = await self._canceller.cancel_within(connection, job) or []
            deletion = Deletion(
                transcription_id=transcription_id,
                session_id=transcription.session_id,
                workspace_id=transcription.workspace_id,
                source_key=transcription.source_key,
                voices_known=transcription.voices_known and not keep_voices,
                late_pass=late,
            )
            await Deletions(connection).add(deletion)
            await DeadLetters(connection).delete_of(transcription_id)
            await transcriptions.remove(transcription_id)
            await DataKeys(connection).erase(transcription_id)
            await ItemAttempts(connection).forget(_STEPS, str(transcription_id))
            await JobOutbox(connection).event(messages.transcription_deleted(transcription))
            erasure = await Erasures(connection).add(
                ErasureKind.TRANSCRIPTION,
                transcription_id,
                workspace_id=transcription.workspace_id,
                reason=reason,
            )
        _log.info("transcription erased", transcription_id=transcription_id, reason=reason)
        await self._canceller.withdraw(sequences)
        await self._ledger.write_soon(erasure)
        await self._at_once(deletion)

    async def _at_once(self, deletion: Deletion) -> None:
        try:
            async with asyncio.timeout(_AT_ONCE_SECONDS):
                await self.carry_out(deletion)
        except Exception as error:
            # The transcription is gone for the caller. The background step removes the rest.
            expected = isinstance(error, ApplicationError | TimeoutError)
            _log.warning(
                "deletion continues in the background",
                transcription_id=deletion.transcription_id,
                reason=repr(error),
                exc_info=None if expected else error,
            )

    async def carry_out(self, deletion: Deletion) -> None:
        """Remove the objects and learned voices of a deleted transcription."""
        prefix = f"{deletion.transcription_id}/"
        for key in both_names(deletion.source_key):
            await self._objects.delete(self._bucket_audio, key)
        await self._objects.delete(self._bucket_audio, beginning_key(deletion.transcription_id))
        await self._objects.delete_prefix(self._bucket_results, prefix)
        if deletion.voices_known:
            await self._speakers.set_decisions(deletion.transcription_id, deletion, ())
        async with self._database.transaction() as connection:
            await Deletions(connection).done(deletion)


class DeletionStep(ItemStep[Deletion]):
    """Finishes interrupted deletions."""

    name = step_names.DELETIONS
    items = "deleted transcriptions with objects or voices left"
    outcome = "The transcription is gone for its owner. What is left in storage is listed."
    policy = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0)

    def __init__(self, database: Database, deleter: Deleter) -> None:
        super().__init__(database)
        self._deleter = deleter

    def key(self, item: Deletion) -> str:
        """Return the transcription's id."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[Deletion]:
        """Return due deletions."""
        return await Deletions(connection).due(limit)

    async def handle(self, item: Deletion) -> None:
        """Carry out one deletion."""
        await self._deleter.carry_out(item)
