"""Messages of tasks: the work, and access to its objects for the worker that gets it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from common.encryption import task_access
from common.encryption.object_cipher import ObjectCipher
from common.encryption.object_keys import ObjectKeys
from common.encryption.task_access import with_cipher
from common.postgres import Connection
from common.signed_objects import TaskAccess, UrlSigner
from common.signing import receiver_key
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Stage, Task
from transcriber.domain.playback import CopyKeys
from transcriber.encryption.key_ring import KeyRing
from transcriber.outbox import messages
from transcriber.outbox.messages import TaskSource
from transcriber.recordings import sources

#: Kinds of workers, as in the keys of calls to them.
_WORKERS = {Stage.TRANSCRIBE: "transcriber-worker", Stage.DIARIZE: "diarizer"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A task to hand out for the `number`-th time, counted from 1."""

    task: Task
    source: TaskSource
    number: int


class TaskIssuer:
    """Makes messages of tasks.

    A worker gets the URL and the key of each object of its task, and of no other. They are
    encrypted for its kind of worker as soon as there is a key among them.
    """

    def __init__(
        self,
        signer: UrlSigner,
        keys: KeyRing,
        *,
        bucket_audio: str,
        bucket_results: str,
        secret_key: str,
        playback: bool,
    ) -> None:
        """With `playback`, workers make copies of recordings."""
        self._signer = signer
        self._keys = keys
        self._audio = bucket_audio
        self._results = bucket_results
        self._secret_key = secret_key
        self._playback = playback

    async def message(self, task: Task, source: TaskSource, release: int) -> queue_pb2.Task:
        """Return the message of a task. `release` counts from 1 how often it is handed out.

        Raises:
            NotFoundError: the transcription was erased.
            UnavailableError: a server does not answer.
        """
        return await self._message(Release(task=task, source=source, number=release), self._keys)

    async def messages(
        self, releases: Sequence[Release], connection: Connection
    ) -> list[queue_pb2.Task]:
        """Return the messages of tasks, whose keys are read together. See `message`."""
        objects = [one for each in releases for one in self._objects(each)]
        keys = await self._keys.together(objects, connection)
        return [await self._message(release, keys) for release in releases]

    async def _message(self, release: Release, keys: ObjectKeys) -> queue_pb2.Task:
        task, source = release.task, release.source
        access, encrypted = await self._access(source.source_key, task, keys)
        message = messages.task(task, source, release.number, access)
        if encrypted:
            task_access.seal(message, receiver_key(self._secret_key, _WORKERS[task.stage]))
        return message

    def _objects(self, release: Release) -> Iterator[tuple[str, str]]:
        """Yield buckets and keys of what the task may read and write."""
        task = release.task
        yield self._audio, release.source.source_key
        copies = CopyKeys.of_result(task.result_key)
        for key in (
            sources.copy_key(task.options),
            task.result_key,
            copies.playback,
            copies.peaks,
        ):
            if key:
                yield self._results, key

    async def _access(
        self, audio_key: str, task: Task, keys: ObjectKeys
    ) -> tuple[TaskAccess, bool]:
        """Return access to the objects of a task, and whether one of them is encrypted."""
        copy_key = sources.copy_key(task.options)
        if copy_key:
            # A copy of a copy would be worse.
            plain = self._signer.task_on_copy(copy_key, task.result_key)
            source = await keys.reading(self._results, copy_key)
        else:
            plain = self._signer.task(audio_key, task.result_key)
            source = await keys.reading(self._audio, audio_key)
        result = await keys.writing(self._results, task.result_key)
        access = TaskAccess(
            recording=with_cipher(plain.recording, source),
            stored_result=plain.stored_result,
            result=with_cipher(plain.result, result),
        )
        if not copy_key and self._playback and task.stage is Stage.TRANSCRIBE:
            copies = CopyKeys.of_result(task.result_key)
            access = replace(
                access,
                playback=await self._writable(copies.playback, keys),
                peaks=await self._writable(copies.peaks, keys),
            )
        return access, source is not None or result is not None

    async def _writable(self, key: str, keys: ObjectKeys) -> str:
        cipher: ObjectCipher | None = await keys.writing(self._results, key)
        return with_cipher(self._signer.writable(key), cipher)
