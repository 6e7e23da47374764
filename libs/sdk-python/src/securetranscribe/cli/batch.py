"""Transcription of many recordings, several at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from securetranscribe.async_client import AsyncSecureTranscribeClient
from securetranscribe.cli import files
from securetranscribe.cli.credentials import Login
from securetranscribe.cli.journal import Entry, Journal
from securetranscribe.cli.outputs import Outputs
from securetranscribe.cli.progress import Bars, RecordingBars
from securetranscribe.errors import (
    ApiError,
    AuthenticationError,
    JobCancelledError,
    NotFoundError,
    SecureTranscribeError,
)

_POLL_SECONDS = 2.0
#: Formats that take a template.
TEMPLATED = frozenset({"txt", "md"})
_DELETED = (
    "Its transcription was deleted on the server, and it is not sent again. Run the command once "
    "more to transcribe it again."
)


class RecordingFailedError(SecureTranscribeError):
    """The recording cannot be transcribed. Another attempt would fail, too."""


class RecordingChangedError(SecureTranscribeError):
    """The recording has changed since its upload began, so that its failure says nothing."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A transcribed recording, and the files with the results.

    `fingerprint` is that of the recording as it was sent.
    """

    recording: Path
    fingerprint: files.Fingerprint
    state: dict[str, Any]
    files: list[str]

    def summary(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"file": str(self.recording), "outputs": self.files, "error": None, **self.state}


@dataclass(kw_only=True)
class Batch:
    """The server, the options and the outputs of recordings, and a limit of those at work."""

    login: Login
    options: Mapping[str, Any]
    outputs: Outputs | None
    bars: Bars
    at_once: int
    template: str | None = None
    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        """Begin without clients."""
        self._clients: dict[str | None, AsyncSecureTranscribeClient] = {}
        self._places = asyncio.Semaphore(self.at_once)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    def client(self, token: str | None) -> AsyncSecureTranscribeClient:
        """Return the client for a token, None for that of the command."""
        token = token or self.login.token
        if token not in self._clients:
            self._clients[token] = AsyncSecureTranscribeClient(self.login.url, token)
        return self._clients[token]

    async def run(
        self, recording: Path, *, then: Callable[[Finished], Awaitable[None]] | None = None
    ) -> Finished:
        """Upload a recording, wait for its transcript, and write the results.

        `then` is awaited before the recording is forgotten as unfinished.

        Raises:
            RecordingFailedError: the recording cannot be transcribed.
            RecordingChangedError: it failed, and has changed in the meantime.
            SecureTranscribeError: it could not be done now. The next run goes on.
            OSError: a file cannot be read or written.
        """
        async with self._places:
            fingerprint = files.fingerprint(recording)
            key = self.journal.key(recording, self.login.url, self.options)
            bars = self.bars.recording(recording.name)
            try:
                state, client = await self._transcript(recording, key, bars)
                written = await self._write(recording, key, fingerprint, state, client)
            except (RecordingFailedError, JobCancelledError) as error:
                self.journal.remove(key)
                if isinstance(error, RecordingFailedError) and files.has_changed(
                    recording, fingerprint
                ):
                    raise RecordingChangedError(
                        f"The recording changed while it was sent or transcribed. {error}"
                    ) from error
                raise
            finally:
                bars.finish()
            finished = Finished(
                recording=recording, fingerprint=fingerprint, state=state, files=written
            )
            if then is not None:
                await then(finished)
            self.journal.remove(key)
            return finished

    async def _transcript(
        self, recording: Path, key: str, bars: RecordingBars
    ) -> tuple[dict[str, Any], AsyncSecureTranscribeClient]:
        entry = self.journal.find(key)
        if entry is not None:
            try:
                if not await self._is_cancelled(entry):
                    return await self._follow(recording, key, entry, bars)
            except (AuthenticationError, NotFoundError):
                # The session or the upload has ended in the meantime.
                pass
            self.journal.remove(key)
        return await self._follow(recording, key, Entry(path=str(recording)), bars)

    async def _is_cancelled(self, entry: Entry) -> bool:
        """Whether somebody has cancelled the job in the meantime."""
        if entry.transcription_id is None:
            return False
        client = self.client(entry.token)
        try:
            state = await client.get_status(entry.transcription_id, transcript=False)
        except NotFoundError as error:
            raise RecordingFailedError(_DELETED) from error
        if state["status"] != "pending" or state["job_id"] is None:
            return False
        return bool((await client.get_job(state["job_id"]))["status"] == "cancelled")

    async def _follow(
        self, recording: Path, key: str, entry: Entry, bars: RecordingBars
    ) -> tuple[dict[str, Any], AsyncSecureTranscribeClient]:
        client = self.client(entry.token)
        if entry.transcription_id is None:
            entry = await self._upload(client, recording, key, entry, bars)
        assert entry.transcription_id is not None
        try:
            state = await client.wait(
                entry.transcription_id,
                on_status=bars.look,
                poll_seconds=_POLL_SECONDS * max(1, self.at_once),
            )
        except NotFoundError as error:
            # Whoever deleted it would not want it to be sent again.
            raise RecordingFailedError(_DELETED) from error
        failure = state.get("error")
        if state["status"] == "failed" or failure:
            raise RecordingFailedError((failure or {}).get("message", "no reason given"))
        return state, client

    async def _upload(
        self,
        client: AsyncSecureTranscribeClient,
        recording: Path,
        key: str,
        entry: Entry,
        bars: RecordingBars,
    ) -> Entry:
        def created(upload_id: str) -> None:
            self.journal.note(key, entry, upload_id=upload_id, token=client.session_token)

        with recording.open("rb") as file:
            try:
                upload = await client.upload_resumable(
                    file,
                    upload_id=entry.upload_id,
                    filename=recording.name,
                    on_created=created,
                    on_progress=bars.uploaded,
                    auto_start=True,
                    **self.options,
                )
            except ApiError as error:
                if refused(error):
                    raise RecordingFailedError(error.message) from error
                raise
        return self.journal.note(
            key, entry, transcription_id=upload["transcription_id"], token=client.session_token
        )

    async def _write(
        self,
        recording: Path,
        key: str,
        fingerprint: files.Fingerprint,
        state: Mapping[str, Any],
        client: AsyncSecureTranscribeClient,
    ) -> list[str]:
        if self.outputs is None:
            return []
        if self.outputs.keep and files.has_changed(recording, fingerprint):
            # It is transcribed again, and this result would stay.
            return []
        written = []
        for form, path in self._outputs(recording, key, state, self.outputs).items():
            document = await client.export_transcription(
                state["transcription_id"],
                form,
                template=self.template if form in TEMPLATED else None,
            )
            files.write(path, document)
            written.append(str(path))
        return written

    def _outputs(
        self, recording: Path, key: str, state: Mapping[str, Any], outputs: Outputs
    ) -> Mapping[str, Path]:
        entry = self.journal.find(key)
        if entry is not None and entry.outputs and entry.outputs.keys() == set(outputs.formats):
            return {form: Path(name) for form, name in entry.outputs.items()}
        paths = outputs.paths(recording, state)
        if outputs.keep and entry is not None:
            # After an interruption, the files of this attempt are replaced, and no others.
            names = {form: str(path) for form, path in paths.items()}
            self.journal.note(key, entry, outputs=names)
        return paths


def refused(error: ApiError) -> bool:
    """Whether the server refuses a recording for good."""
    return error.status in (400, 413, 415) and error.code != "HTTP_ERROR"


async def run_all(
    batch: Batch, recordings: Sequence[Path]
) -> list[Finished | SecureTranscribeError | OSError]:
    """Transcribe recordings, several at once. One that fails does not stop the others."""

    async def one(recording: Path) -> Finished | SecureTranscribeError | OSError:
        try:
            return await batch.run(recording)
        except (SecureTranscribeError, OSError) as error:
            return error

    try:
        return await asyncio.gather(*(one(recording) for recording in recordings))
    finally:
        await batch.close()
