"""The trash: transcriptions that nothing finds until they are restored or erased."""

from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import NotFoundError
from common.postgres import Connection, Database
from transcriber.queue.cancellation import JobCanceller
from transcriber.recordings.deletion import Deleter
from transcriber.store.captures import Captures
from transcriber.store.expiry import Expiry, Trashed
from transcriber.store.jobs import Jobs
from transcriber.store.library import Shelves

TRASH_OVER = "TRASH_DAYS"
_log = logging.get(__name__)


class Trash:
    """Moves transcriptions to the trash and back."""

    def __init__(self, database: Database, canceller: JobCanceller) -> None:
        self._database = database
        self._canceller = canceller

    async def put(self, transcription_id: int, workspace_id: str) -> None:
        """Move a workspace's transcription to the trash, ending its live session or job.

        One already in the trash keeps its time there.

        Raises:
            NotFoundError: the workspace has no such transcription.
        """
        sequences: list[int] = []
        async with self._database.transaction() as connection:
            shelves = Shelves(connection, workspace_id)
            if await _lies_there(shelves, transcription_id):
                return
            await Captures(connection).end_live(transcription_id)
            live = await Jobs(connection).live_of(transcription_id)
            if live is not None:
                job = await Jobs(connection).get(live)
                assert job is not None, "it is live"
                sequences = await self._canceller.cancel_within(connection, job) or []
            await shelves.trash(transcription_id)
        _log.info("transcription moved to the trash", transcription_id=transcription_id)
        if live is not None:
            await self._canceller.withdraw(sequences)

    async def restore(self, transcription_id: int, workspace_id: str) -> None:
        """Take a workspace's transcription out of the trash, if it lies there.

        Raises:
            NotFoundError: the workspace has no such transcription.
        """
        async with self._database.transaction() as connection:
            shelves = Shelves(connection, workspace_id)
            if await _lies_there(shelves, transcription_id):
                await shelves.restore(transcription_id)
                _log.info("transcription restored", transcription_id=transcription_id)


async def _lies_there(shelves: Shelves, transcription_id: int) -> bool:
    trashed = await shelves.lock_anywhere(transcription_id)
    if trashed is None:
        raise NotFoundError("There is no such transcription.")
    return trashed


class TrashStep(ItemStep[Trashed]):
    """Erases transcriptions after TRASH_DAYS in the trash, as DELETE does."""

    name = "trash"
    items = "transcriptions in the trash for longer than TRASH_DAYS"
    outcome = "The transcription stays in the trash until its owner or an administrator deletes it."
    policy = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)

    def __init__(self, database: Database, deleter: Deleter, *, seconds: float) -> None:
        """`seconds` is how long transcriptions are kept in the trash."""
        super().__init__(database)
        self._deleter = deleter
        self._seconds = seconds

    def key(self, item: Trashed) -> str:
        """Return the transcription's id."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[Trashed]:
        """Return transcriptions whose time in the trash is over."""
        return await Expiry(connection).overdue_in_trash(self._seconds, limit)

    async def handle(self, item: Trashed) -> None:
        """Erase one transcription."""
        try:
            await self._deleter.erase(
                item.transcription_id,
                workspace_id=item.workspace_id,
                trashed_at=item.trashed_at,
                reason=TRASH_OVER,
            )
        except NotFoundError:
            _log.debug("deleted or restored in the meantime")
