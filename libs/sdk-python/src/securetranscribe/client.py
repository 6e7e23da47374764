"""Synchronous client for the JSON API."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import httpx2

from securetranscribe import resumable
from securetranscribe.captures import CaptureCalls
from securetranscribe.errors import ApiError, ConnectionFailedError
from securetranscribe.library import LibraryCalls
from securetranscribe.transcripts import Data, TranscriptCalls, present
from securetranscribe.vocabulary import VocabularyCalls

_FINAL = frozenset({"completed", "failed"})


class SecureTranscribeClient(TranscriptCalls, LibraryCalls, VocabularyCalls, CaptureCalls):
    """Client for one deployment. Use it as a context manager, or call `close`.

    `base_url` ends in `/api`. Without a `session_token`, the first call creates a session and later
    calls continue it. Keep `session_token` to return to the session in another process. Instances
    are not thread-safe.

    Authorities of HTTPS are those of the system, or of the file in SSL_CERT_FILE.

    Every call raises `ApiError` when the API rejects the request and `ConnectionFailedError` when
    the API is unreachable.

    Example:
        >>> with SecureTranscribeClient() as client, open("meeting.mp3", "rb") as file:
        ...     uploaded = client.upload_audio(file, auto_start=True)
        ...     transcript = client.wait(uploaded["transcription_id"])
    """

    def __init__(
        self,
        base_url: str = "http://localhost:8000/api",
        session_token: str | None = None,
        *,
        timeout_seconds: float = 60,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._http = httpx2.Client(
            base_url=base_url.rstrip("/"),
            # The response to an upload arrives after the whole file has been received and checked.
            timeout=httpx2.Timeout(timeout_seconds, read=max(timeout_seconds, 300)),
            transport=transport,
            # No proxies of the environment, but its certificate authorities (SSL_CERT_FILE).
            trust_env=False,
            verify=httpx2.create_ssl_context(trust_env=True),
        )
        self.session_token = session_token

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections. The session stays valid."""
        self._http.close()

    def upload_audio(
        self,
        file: IO[bytes],
        *,
        filename: str | None = None,
        language: str | None = None,
        auto_start: bool = False,
        channels: str | None = None,
        allow_truncated: bool = False,
        voice_memory: bool = True,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
    ) -> Data:
        """Upload an open file in chunks. Return `transcription_id` and properties of the file.

        Processing starts with `start_transcription`, or immediately with `auto_start=True`.
        `language` is a tag such as `en` or `pt-BR`, detected by default. `channels` is `mix`,
        `separate` to recognize each channel or track by itself, or `auto`, the default, to decide
        by measurement. With `allow_truncated`, a truncated recording is accepted as far as it goes.
        Without `voice_memory`, no voiceprint of it is kept. `num_speakers` is the number of
        speakers if it is known. Otherwise it is found, within `min_speakers` and `max_speakers` if
        given.
        """
        name = filename or _file_name(file)
        fields = _upload_fields(
            language=language,
            auto_start=auto_start,
            channels=channels,
            allow_truncated=allow_truncated,
            voice_memory=voice_memory,
            num_speakers=num_speakers,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
        )
        return self._data(
            "POST", "/transcription/upload", data=fields, files={"file": (name, file)}
        )

    def upload_resumable(
        self,
        file: IO[bytes],
        *,
        upload_id: str | None = None,
        filename: str | None = None,
        language: str | None = None,
        auto_start: bool = False,
        channels: str | None = None,
        allow_truncated: bool = False,
        voice_memory: bool = True,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        on_created: Callable[[str], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        piece_bytes: int = resumable.PIECE_BYTES,
        patience_seconds: float = 300,
    ) -> Data:
        """Upload an open, seekable file in pieces. Go on after interruptions.

        Return the upload, with its `transcription_id`. The options are those of `upload_audio`.
        `on_created` receives the id of the upload. With this `upload_id`, another process goes on
        with the same file, and the options are those of its creation. `on_progress` receives the
        bytes stored so far, and those of the file. Once nothing could be sent for
        `patience_seconds`, the error is raised, and the upload can still go on later.
        """
        if upload_id is None:
            fields = _upload_fields(
                language=language,
                auto_start=auto_start,
                channels=channels,
                allow_truncated=allow_truncated,
                voice_memory=voice_memory,
                num_speakers=num_speakers,
                min_speakers=min_speakers,
                max_speakers=max_speakers,
            )
            name = {"filename": filename or _file_name(file)}
            size = file.seek(0, os.SEEK_END)
            upload_id = resumable.create(self._data, size, {**name, **fields})
            if on_created is not None:
                on_created(upload_id)
        return resumable.send_rest(
            self._data,
            file,
            upload_id,
            piece_bytes=piece_bytes,
            patience_seconds=patience_seconds,
            on_progress=on_progress,
        )

    def list_uploads(self) -> list[Data]:
        """Return uploads in pieces with their `offset`, latest first."""
        uploads: list[Data] = self._data("GET", "/uploads")["uploads"]
        return uploads

    def cancel_upload(self, upload_id: str) -> None:
        """Cancel an upload in pieces and remove its bytes."""
        self._send("DELETE", f"/uploads/{quote(upload_id, safe='')}")

    def find_duplicates(self, sha256: str) -> list[int]:
        """Return ids of own transcriptions of a recording with this SHA-256, latest first."""
        found = self._data("GET", "/uploads/duplicates", params={"sha256": sha256})
        ids: list[int] = found["transcription_ids"]
        return ids

    def start_transcription(
        self,
        transcription_id: int,
        *,
        language: str | None = None,
        channels: str | None = None,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
    ) -> Data:
        """Queue a transcription. Return its `job_id`.

        A complete transcription is processed again if `channels` (`auto`, `mix` or `separate`)
        changes how its channels are recognized. Its recording must still be kept for that.
        Numbers of speakers replace those of the upload. A `num_speakers` of 0 finds it out.
        """
        body = present(
            language=language or None,
            channels=channels or None,
            num_speakers=num_speakers,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
        )
        return self._data("POST", f"/transcription/start/{transcription_id}", json=body)

    def get_status(self, transcription_id: int) -> Data:
        """Return the state of a transcription. Once completed, it includes the transcript."""
        return self._data("GET", f"/transcription/status/{transcription_id}")

    def wait(
        self,
        transcription_id: int,
        *,
        on_progress: Callable[[float, str], None] | None = None,
        poll_seconds: float = 1,
        timeout_seconds: float | None = None,
    ) -> Data:
        """Wait until a transcription has completed or failed. Return its final state.

        `on_progress` receives the percentage and the current step whenever they change.

        Raises:
            TimeoutError: The transcription did not finish within `timeout_seconds`.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        seen: tuple[float, str] | None = None
        while True:
            state = self.get_status(transcription_id)
            now = (state["progress_percentage"], state["current_step"])
            if on_progress is not None and now != seen:
                on_progress(*now)
            seen = now
            if state["status"] in _FINAL:
                return state
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(
                    f"Transcription {transcription_id} is not done after {timeout_seconds:g} s. "
                    "It continues on the server. Call wait() again."
                )
            time.sleep(poll_seconds)

    def list_transcriptions(
        self, *, limit: int = 50, offset: int = 0, status_filter: str | None = None
    ) -> Data:
        """Return a page of this session's transcriptions, newest first, and their `total`."""
        query = present(limit=limit, offset=offset, status_filter=status_filter)
        return self._data("GET", "/transcription/list", params=query)

    def assign_speakers(self, transcription_id: int, names: Mapping[str, str]) -> Data:
        """Name speakers. `names` maps a label or current name to the new name."""
        path = f"/transcription/speakers/assign/{transcription_id}"
        return self._data("POST", path, json=dict(names))

    def list_voices(self, transcription_id: int) -> list[Data]:
        """Return the voices of a transcription with their names and `name_source`."""
        return self._list("GET", f"/transcription/speakers/{transcription_id}")

    def get_voice_clip(self, transcription_id: int, speaker_label: str) -> bytes:
        """Return a few clean seconds of a voice of a transcription as a FLAC file."""
        path = f"/transcription/speakers/{transcription_id}/{quote(speaker_label, safe='')}/clip"
        return self._send("GET", path).content

    def list_speakers(self, *, page: int = 1, per_page: int = 200) -> list[Data]:
        """Return one page of the active profiles ordered by name."""
        return self._list("GET", "/speakers", params=present(page=page, per_page=per_page))

    def create_speaker(self, name: str, **fields: str) -> Data:
        """Create a profile.

        `fields` may contain `gender`, `age_range`, `language`, `accent` and `description`.
        """
        return self._data("POST", "/speakers", json={"name": name, **fields})

    def enroll_speaker(
        self, speaker_id: int, file: IO[bytes], *, filename: str | None = None
    ) -> Data:
        """Add a voiceprint to a profile from an open clip of this person alone."""
        files = {"file": (filename or _file_name(file), file)}
        return self._data("POST", f"/speakers/{speaker_id}/enroll", files=files)

    def get_speaker_clip(self, speaker_id: int) -> bytes:
        """Return a few seconds of a profile's voice as a FLAC file."""
        return self._send("GET", f"/speakers/{speaker_id}/clip").content

    def list_observations(
        self, speaker_id: int, *, page: int = 1, per_page: int = 200
    ) -> list[Data]:
        """Return one page of a profile's observations, newest first."""
        query = present(page=page, per_page=per_page)
        return self._list("GET", f"/speakers/{speaker_id}/observations", params=query)

    def delete_observation(self, speaker_id: int, observation_id: int) -> Data:
        """Remove one observation from a profile. Return the profile."""
        return self._data("DELETE", f"/speakers/{speaker_id}/observations/{observation_id}")

    def merge_speakers(self, speaker_id: int, source_speaker_id: int) -> Data:
        """Merge `source_speaker_id` into `speaker_id`. The source profile is deleted."""
        body = {"source_speaker_id": source_speaker_id}
        return self._data("POST", f"/speakers/{speaker_id}/merge", json=body)

    def split_speaker(self, speaker_id: int, observation_ids: Sequence[int], name: str) -> Data:
        """Move observations to the profile with a name. Return `speaker` and `target`."""
        body = {"observation_ids": list(observation_ids), "name": name}
        return self._data("POST", f"/speakers/{speaker_id}/split", json=body)

    def delete_speaker(self, speaker_id: int, *, permanent: bool = False) -> Data:
        """Deactivate a profile. With `permanent`, delete it with its voiceprints and clips.

        A permanent deletion can be undone for 30 days, as a merge and a split can.
        """
        query = {"permanent": "true" if permanent else "false"}
        return self._data("DELETE", f"/speakers/{speaker_id}", params=query)

    def list_trashed_speakers(self, *, page: int = 1, per_page: int = 200) -> list[Data]:
        """Return one page of reversible deletions, merges and splits, newest first."""
        return self._list("GET", "/speakers/trash", params=present(page=page, per_page=per_page))

    def restore_speaker(self, trash_id: int) -> Data:
        """Undo a permanent deletion, a merge or a split. Return the profile."""
        return self._data("POST", f"/speakers/trash/{trash_id}/restore")

    def export_transcription(
        self,
        transcription_id: int,
        format: str = "pdf",  # noqa: A002 - the documented name
        include_options: Sequence[str] = (),
        *,
        revision: int | None = None,
        version: str | None = None,
        changes: str | None = None,
        since: int | None = None,
    ) -> bytes:
        """Return a completed transcript as a document.

        `revision` is the newest by default. `version` is `machine` for the transcript as the
        recognizer made it. `changes` is `tracked` to mark the changes since the revision `since`,
        by default the machine version, in `docx` and `md`.
        """
        query = present(
            export_format=format, revision=revision, version=version, changes=changes, since=since
        )
        if include_options:
            query["include_options"] = list(include_options)
        path = f"/transcription/export/{transcription_id}"
        return self._send("POST", path, params=query).content

    def delete_transcription(self, transcription_id: int) -> Data:
        """Delete a transcription, its audio and its transcript."""
        return self._data("DELETE", f"/transcription/{transcription_id}")

    def get_queue_status(self) -> Data:
        """Return figures of the queue and this session's position in it."""
        return self._data("GET", "/queue/status")

    def get_job(self, job_id: str) -> Data:
        """Return the state of a job."""
        return self._data("GET", f"/queue/jobs/{job_id}")

    def cancel_job(self, job_id: str) -> Data:
        """Cancel a queued or running job."""
        return self._data("DELETE", f"/queue/jobs/{job_id}")

    def resume(self) -> Data:
        """Take up the session again after its end by time, and continue it.

        `session_token` is that of the new session from then on. Return the fields of the session.
        """
        resumed = self._data("POST", "/sessions/resume")
        self.session_token = str(resumed["session_token"])
        return resumed

    def archive(self, file: IO[bytes]) -> None:
        """Write everything owned by the session to an open file, as one ZIP.

        It has the kept recordings, transcripts, clips, and a manifest.
        """
        with (
            _connection_errors(str(self._http.base_url).rstrip("/")),
            self._http.stream(
                "GET", "/sessions/current/archive", headers=self._headers()
            ) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _error(answer)
            for chunk in answer.iter_bytes():
                file.write(chunk)

    def get_session(self) -> Data:
        """Return properties and figures of this session."""
        return self._data("GET", "/sessions/current")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session_token}"} if self.session_token else {}

    def _data(self, method: str, path: str, **arguments: Any) -> Data:
        answer = self._send(method, path, **arguments)
        data: Data = answer.json()["data"] if answer.content else {}
        return data

    def _content(self, path: str) -> bytes:
        content: bytes = self._send("GET", path).content
        return content

    def _list(self, method: str, path: str, **arguments: Any) -> list[Data]:
        data: list[Data] = self._send(method, path, **arguments).json()["data"]
        return data

    def _send(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        headers = self._headers() | arguments.pop("headers", {})
        with _connection_errors(str(self._http.base_url).rstrip("/")):
            answer = self._http.request(method, path, headers=headers, **arguments)
        if self.session_token is None:
            self.session_token = answer.cookies.get("session_token")
        if answer.is_error:
            raise _error(answer)
        return answer


@contextmanager
def _connection_errors(base_url: str) -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise ConnectionFailedError(
            f"{base_url} did not respond in time. Check that the server is running, and try again."
        ) from error
    except httpx2.TransportError as error:
        raise ConnectionFailedError(
            f"Cannot reach {base_url}: {error}. Check the URL and that the server is running."
        ) from error


def _error(answer: httpx2.Response) -> ApiError:
    try:
        error = answer.json()["error"]
        return ApiError(
            status=answer.status_code,
            code=error["code"],
            message=error["message"],
            details=error.get("details") or {},
        )
    except (json.JSONDecodeError, KeyError, TypeError):
        return ApiError(
            status=answer.status_code,
            code="HTTP_ERROR",
            message=(
                f"The response (HTTP {answer.status_code}) is not from the SecureTranscribe API. "
                "Check that the URL ends in /api, and any proxy in between."
            ),
            details={},
        )


def _upload_fields(
    *,
    language: str | None,
    auto_start: bool,
    channels: str | None,
    allow_truncated: bool,
    voice_memory: bool,
    **speakers: int | None,
) -> dict[str, str]:
    fields = {"auto_start": "true" if auto_start else "false"}
    if language:
        fields["language"] = language
    if channels:
        fields["channels"] = channels
    if allow_truncated:
        fields["allow_truncated"] = "true"
    if not voice_memory:
        fields["voice_memory"] = "false"
    fields.update({name: str(value) for name, value in present(**speakers).items()})
    return fields


def _file_name(file: IO[bytes]) -> str:
    return PurePath(getattr(file, "name", "") or "audio").name
