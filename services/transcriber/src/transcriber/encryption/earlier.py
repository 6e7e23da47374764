"""Encryption of objects stored before encryption was on.

Encrypted copies are made next to the plain objects. Once all of a transcription are there, they
replace the plain ones in one transaction. The plain ones stay for an hour, so that running reads
can end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import ApplicationError, NotFoundError, StateError
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.sealed_names import is_sealed, sealed_name
from transcriber.encryption.key_ring import KeyRing
from transcriber.store import step_names
from transcriber.store.plain_objects import PlainFigures, PlainObjects, PlainTranscription
from transcriber.store.transcriptions import Transcriptions

_OFF = "Encryption is off. Set ENCRYPTION=on and ENCRYPTION_KEY for the transcriber api first."
_PIECE_BYTES = 4 * 1024 * 1024
_LEFTOVERS_AT_A_TIME = 100
_log = logging.get(__name__)


class EarlierRecordings:
    """Starts the encryption of earlier recordings, and reports on it."""

    def __init__(self, database: Database, *, encrypting: bool) -> None:
        self._database = database
        self._encrypting = encrypting

    async def request(self) -> PlainFigures:
        """Have everything plain encrypted in the background. Return the figures before.

        Raises:
            StateError: encryption is off.
        """
        if not self._encrypting:
            raise StateError(_OFF)
        async with self._database.transaction() as connection:
            plain = PlainObjects(connection)
            await plain.request()
            return await plain.figures()

    async def figures(self) -> PlainFigures:
        """Return the figures."""
        async with self._database.transaction() as connection:
            return await PlainObjects(connection).figures()


class EncryptionStep(ItemStep[int]):
    """Encrypts the plain objects of transcriptions, when an administrator has asked for it."""

    name = step_names.ENCRYPTION
    items = "transcriptions stored before encryption, after `encrypt-recordings`"
    outcome = "Its objects stay plain, and can be read as before."
    policy = Policy(timeout=4 * 3600.0, first_pause=15.0, longest_pause=3600.0, at_a_time=2)

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        keys: KeyRing,
        *,
        bucket_audio: str,
        bucket_results: str,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._keys = keys
        self._audio = bucket_audio
        self._results = bucket_results

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def step(self) -> None:
        """Encrypt all that nothing works on, if it was asked for."""
        async with self._database.statements() as connection:
            if not await PlainObjects(connection).requested():
                return
        await super().step()
        async with self._database.transaction() as connection:
            await PlainObjects(connection).settle()

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions with plain objects."""
        return await PlainObjects(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Encrypt the objects of one transcription."""
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(item)
            plain = await PlainObjects(connection).lock(item)
        if transcription is None or plain is None:
            return
        await self._keys.seal(item, transcription.workspace_id)
        if plain.source_key:
            await self._copy(self._audio, plain.source_key)
        results = [
            key for key in await self._objects.keys(self._results, f"{item}/") if not is_sealed(key)
        ]
        for key in results:
            await self._copy(self._results, key)
        if await self._replace(item, plain.source_key, results):
            _log.info("earlier recording encrypted", transcription_id=item)

    async def _copy(self, bucket: str, key: str) -> None:
        """Make the encrypted copy of a plain object, unless it is there or the object is gone."""
        size, name = await self._objects.size(bucket, key), sealed_name(key)
        if size is None or await self._objects.size(bucket, name) == size:
            return
        read = await self._objects.reader(bucket, key, size)
        written = await self._objects.put_stream(bucket, name, _pieces(read, size))
        if written != size:
            raise ApplicationError(f"Of {size} bytes, {written} were copied.")

    async def _replace(self, item: int, source_key: str, copied: Sequence[str]) -> bool:
        """Use the encrypted copies, unless something has changed meanwhile."""
        async with self._database.transaction() as connection:
            objects = PlainObjects(connection)
            plain = await objects.lock(item)
            erased = await Transcriptions(connection).get(item) is None
            if plain is not None and plain.idle and plain.source_key == source_key:
                # New results make it due again. Those that are missing in the store do not.
                names = {key for key in await objects.names(item) if not is_sealed(key)}
                if await self._any_stored(names - set(copied)):
                    return False
                sources = [source_key] if source_key else []
                await objects.replace(item, {self._audio: sources, self._results: copied})
                return True
        await self._clear(item, source_key, plain, erased=erased)
        return False

    async def _clear(
        self, item: int, source_key: str, plain: PlainTranscription | None, *, erased: bool
    ) -> None:
        """Delete copies of objects that were erased while they were being copied."""
        if source_key and (erased or (plain is not None and not plain.source_key)):
            await self._objects.delete(self._audio, sealed_name(source_key))
        if erased:
            await self._objects.delete_prefix(self._results, sealed_name(f"{item}/"))

    async def _any_stored(self, names: set[str]) -> bool:
        """Return whether any of these objects is in the store."""
        for name in names:
            if await self._objects.exists(self._results, name):
                return True
        return False


async def remove_leftovers(database: Database, objects: ObjectStore) -> None:
    """Remove plain objects that were replaced an hour ago."""
    async with database.transaction() as connection:
        due = await PlainObjects(connection).left(_LEFTOVERS_AT_A_TIME)
    for bucket, key in due:
        try:
            await objects.delete(bucket, key)
        except NotFoundError:
            pass
        except ApplicationError as error:
            _log.warning("plain object not removed yet", key=key, reason=error.message)
            continue
        async with database.transaction() as connection:
            await PlainObjects(connection).removed(bucket, key)


async def _pieces(read: Callable[[int, int], bytes], size: int) -> AsyncIterator[bytes]:
    for offset in range(0, size, _PIECE_BYTES):
        yield await asyncio.to_thread(read, offset, min(_PIECE_BYTES, size - offset))
