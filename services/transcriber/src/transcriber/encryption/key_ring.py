"""Ciphers of the objects of transcriptions."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from common.encryption import wrapping
from common.encryption.key_holders import KeyHolder, WrappedKey
from common.encryption.object_cipher import ObjectCipher
from common.encryption.object_keys import ObjectKeys
from common.encryption.records import DamagedObjectError
from common.encryption.wrapping import WrongKeyError
from common.errors import NotFoundError, UnavailableError
from common.postgres import Connection, Database
from common.recent_values import RecentValues
from transcriber.domain.sealed_names import is_sealed
from transcriber.store.keys import (
    Content,
    DataKey,
    DataKeys,
    KeyState,
    StoredObject,
    WorkspaceKeys,
)

#: How long (seconds) a key of a workspace is held in memory after its use began.
_HELD_SECONDS = 300.0
_MOST_HELD = 10_000
#: Objects of a transcription. Others, which are entries of the ledger of erasures, are plain.
_OBJECT = re.compile(r"(?P<id>[0-9]{1,18})/.")
_GONE = "The stored object no longer exists."


class KeyRing:
    """`ObjectKeys` with the tables of keys.

    The name of an object begins with its transcription, and its bucket tells whether it belongs to
    the recording or to the results. Each of the two has a data key.
    """

    def __init__(
        self, database: Database, holder: KeyHolder | None, *, bucket_audio: str, encrypting: bool
    ) -> None:
        """Without `encrypting`, new recordings are stored in plain, and earlier ones are read."""
        self._database = database
        self._holder = holder
        self._bucket_audio = bucket_audio
        self._encrypting = encrypting
        self._workspace_keys: RecentValues[bytes] = RecentValues(_HELD_SECONDS, most=_MOST_HELD)

    async def reading(self, bucket: str, key: str) -> ObjectCipher | None:
        """Return the cipher of an object. See `ObjectKeys`."""
        return await self.cipher(bucket, key, {})

    async def writing(self, bucket: str, key: str) -> ObjectCipher | None:
        """Return the cipher to write an object with. See `ObjectKeys`.

        Before the first object of a transcription, it is decided how all of them are stored.
        """
        return await self.cipher(bucket, key, {})

    async def together(
        self, objects: Sequence[tuple[str, str]], connection: Connection
    ) -> ObjectKeys:
        """Return keys that know those of some objects, by bucket and key.

        They are read in an open transaction, so that it does not wait for another one.
        """
        stored = [one for bucket, key in objects if (one := self._object(bucket, key)) is not None]
        keys = DataKeys(connection)
        known = await keys.find_all(stored)
        undecided = [one for one in stored if one not in known]
        earlier = await keys.earlier({one.transcription_id for one in undecided})
        plain = DataKey(state=KeyState.PLAIN)
        known |= {one: plain for one in undecided if one.transcription_id in earlier}
        return _KnownKeys(self, known)

    async def cipher(
        self, bucket: str, key: str, known: Mapping[StoredObject, DataKey]
    ) -> ObjectCipher | None:
        """Return the cipher of an object, whose key may be known. See `ObjectKeys`."""
        stored = self._object(bucket, key)
        if stored is None:
            return None
        found = known.get(stored) or await self._data_key(stored)
        if found.state is KeyState.ERASED:
            raise NotFoundError(_GONE)
        if found.state is KeyState.PLAIN or found.left_plain:
            return None
        if found.state is KeyState.SEALING and not is_sealed(stored.key):
            return None
        secret = await self._secret(stored.transcription_id, stored.content, found)
        return ObjectCipher.derive(secret, stored.key)

    def _object(self, bucket: str, key: str) -> StoredObject | None:
        """Return an object of a transcription, None for others."""
        named = _OBJECT.match(key)
        if named is None:
            return None
        content = Content.RECORDING if bucket == self._bucket_audio else Content.RESULTS
        return StoredObject(
            transcription_id=int(named["id"]), content=content, bucket=bucket, key=key
        )

    async def seal(self, transcription_id: int, workspace_id: str) -> None:
        """Make keys for the encrypted copies of plain objects, unless they have some.

        Raises:
            UnavailableError: the key service does not answer, or there is no key.
        """
        wrapped = await self._wrapped(transcription_id, workspace_id)
        async with self._database.transaction() as connection:
            if await WorkspaceKeys(connection).hold(workspace_id):
                await DataKeys(connection).seal(
                    transcription_id, workspace_id=workspace_id, wrapped=wrapped
                )

    async def _data_key(self, stored: StoredObject) -> DataKey:
        transcription_id = stored.transcription_id
        async with self._database.transaction() as connection:
            keys = DataKeys(connection)
            found = await keys.find(stored)
            if found is not None:
                return found
            coming = await keys.coming(transcription_id)
            if coming is None:
                if await keys.earlier([transcription_id]):
                    return DataKey(state=KeyState.PLAIN)
                raise NotFoundError(_GONE)
            if coming.earlier or not self._encrypting:
                await keys.add(transcription_id, KeyState.PLAIN)
                return DataKey(state=KeyState.PLAIN)
        await self._make(transcription_id, coming.workspace_id)
        async with self._database.transaction() as connection:
            found = await DataKeys(connection).find(replace(stored, bucket="", key=""))
        if found is None:
            raise NotFoundError(_GONE)
        return found

    async def _make(self, transcription_id: int, workspace_id: str) -> None:
        """Make the keys of a transcription."""
        wrapped = await self._wrapped(transcription_id, workspace_id)
        async with self._database.transaction() as connection:
            if await WorkspaceKeys(connection).hold(workspace_id):
                await DataKeys(connection).add(
                    transcription_id,
                    KeyState.ENCRYPTED,
                    workspace_id=workspace_id,
                    wrapped=wrapped,
                )

    async def _wrapped(self, transcription_id: int, workspace_id: str) -> dict[Content, bytes]:
        """Return new keys of a transcription, encrypted with that of its workspace."""
        workspace_key = await self._opened(workspace_id, await self._of_workspace(workspace_id))
        return {
            content: wrapping.wrap(
                workspace_key, wrapping.new_key(), _context(transcription_id, content)
            )
            for content in Content
        }

    async def _of_workspace(self, workspace_id: str) -> WrappedKey:
        """Return the key of a workspace, made now if it has none."""
        async with self._database.transaction() as connection:
            found = await WorkspaceKeys(connection).find(workspace_id)
        if found is not None:
            return found
        made = await self._require_holder().wrap(
            wrapping.new_key(), workspace_context(workspace_id)
        )
        async with self._database.transaction() as connection:
            keys = WorkspaceKeys(connection)
            await keys.add(workspace_id, made)
            found = await keys.find(workspace_id)
        if found is None:
            raise NotFoundError(_GONE)
        return found

    async def _secret(self, transcription_id: int, content: Content, key: DataKey) -> bytes:
        assert key.wrapped is not None, "it is encrypted"
        assert key.workspace_key is not None, "it is encrypted"
        workspace_key = await self._opened(key.workspace_id, key.workspace_key)
        try:
            return wrapping.unwrap(workspace_key, key.wrapped, _context(transcription_id, content))
        except WrongKeyError as error:
            raise DamagedObjectError from error

    async def _opened(self, workspace_id: str, wrapped: WrappedKey) -> bytes:
        """Return the key of a workspace."""
        context = workspace_context(workspace_id)
        # The encrypted form is a part of the name, so a key that was replaced is not found.
        name = f"{context} {base64.b64encode(wrapped.data).decode()}"
        try:
            return await self._workspace_keys.find(
                name, lambda: self._require_holder().unwrap(wrapped, context)
            )
        except WrongKeyError as error:
            raise UnavailableError(
                "The key of these recordings is missing. Tell the administrator."
            ) from error

    def _require_holder(self) -> KeyHolder:
        if self._holder is None:
            raise UnavailableError(
                "The key of these recordings is missing. Tell the administrator."
            )
        return self._holder


class _KnownKeys:
    """`ObjectKeys` with keys that were read together, and with the others of a ring."""

    def __init__(self, ring: KeyRing, known: Mapping[StoredObject, DataKey]) -> None:
        self._ring = ring
        self._known = known

    async def reading(self, bucket: str, key: str) -> ObjectCipher | None:
        """Return the cipher of an object. See `ObjectKeys`."""
        return await self._ring.cipher(bucket, key, self._known)

    async def writing(self, bucket: str, key: str) -> ObjectCipher | None:
        """Return the cipher to write an object with. See `ObjectKeys`."""
        return await self._ring.cipher(bucket, key, self._known)


def workspace_context(workspace_id: str) -> str:
    """Return the context of the key of a workspace."""
    return f"workspace/{workspace_id}"


def _context(transcription_id: int, content: Content) -> str:
    return f"transcription/{transcription_id}/{content}"
