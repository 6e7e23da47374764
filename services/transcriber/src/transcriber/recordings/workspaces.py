"""Erasure of everything owned by a workspace."""

import contextlib
import re

from common import bus, logging
from common.erasure_ledger import ErasureKind
from common.errors import NotFoundError, ValidationError
from common.kept_events import KeptEvents
from common.postgres import Database
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.ledger import LedgerWriter
from transcriber.store.captures import Captures
from transcriber.store.erasures import Erasures
from transcriber.store.folders import Folders
from transcriber.store.keys import WorkspaceKeys
from transcriber.store.outbox import JobOutbox
from transcriber.store.resumable_uploads import ResumableUploads
from transcriber.store.shares import Shares
from transcriber.store.tags import Tags
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.uploads import Uploads
from transcriber.store.vocabulary import VocabularyStore
from transcriber.store.workspace_settings import StoredSettings

_AT_A_TIME = 100
#: Events that stay until they expire. Subscribers need them, and they hold identifiers only.
_KEPT_VERB = "deleted"
#: It becomes part of subjects, where other characters could select events of others.
_WORKSPACE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_log = logging.get(__name__)


class WorkspaceEraser:
    """Erases workspaces: transcriptions, uploads in progress, and events about them."""

    def __init__(
        self, database: Database, events: KeptEvents, deleter: Deleter, ledger: LedgerWriter
    ) -> None:
        self._database = database
        self._events = events
        self._deleter = deleter
        self._ledger = ledger

    async def erase(self, workspace_id: str, reason: str, *, lasts: bool = False) -> int:
        """Erase a workspace and return the number of its transcriptions. Repeating it is harmless.

        Voices that a person named belong to their profiles, and stay. So do the settings of a
        workspace that `lasts`.

        Raises:
            ValidationError: this is not an identifier of a workspace.
            UnavailableError: a server is away. Some things are erased, and the rest is not.
        """
        if not _WORKSPACE_ID.fullmatch(workspace_id):
            raise ValidationError.of("workspace_id", "This is not an identifier of a workspace.")
        erased = await self._erase_transcriptions(workspace_id, reason)
        async with self._database.transaction() as connection:
            await Uploads(connection).give_up_of(workspace_id)
            await ResumableUploads(connection).give_up_of(workspace_id)
            await Captures(connection).give_up_of(workspace_id)
            await VocabularyStore(connection, workspace_id).erase()
            await Tags(connection, workspace_id).forget()
            await Folders(connection, workspace_id).forget()
            await Shares(connection).forget(workspace_id=workspace_id)
            await WorkspaceKeys(connection).erase(workspace_id)
            if not lasts:
                await StoredSettings(connection).forget(workspace_id)
            await JobOutbox(connection).forget(bus.event_prefix(workspace_id), _KEPT_VERB)
            erasure = await Erasures(connection).add(
                ErasureKind.WORKSPACE, workspace_id, workspace_id=workspace_id, reason=reason
            )
        await self._ledger.write_soon(erasure)
        await self._purge_events(workspace_id)
        _log.info(
            "workspace erased", workspace_id=workspace_id, transcriptions=erased, reason=reason
        )
        return erased

    async def _erase_transcriptions(self, workspace_id: str, reason: str) -> int:
        erased = 0
        while True:
            async with self._database.transaction() as connection:
                ids = await Transcriptions(connection).ids_of(workspace_id, _AT_A_TIME)
            if not ids:
                return erased
            for transcription_id in ids:
                with contextlib.suppress(NotFoundError):
                    await self._deleter.erase(
                        transcription_id,
                        workspace_id=workspace_id,
                        reason=reason,
                        keep_voices=True,
                    )
                    erased += 1

    async def _purge_events(self, workspace_id: str) -> None:
        await self._events.purge(
            *(
                bus.event_subject(workspace_id, "*", "*", verb)
                for verb in bus.KEPT_VERBS
                if verb != _KEPT_VERB
            )
        )
