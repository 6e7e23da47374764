"""A client of the JSON API that keeps its session by itself."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import httpx2

from securetranscribe.errors import ApiError, ConnectionFailedError

Data = dict[str, Any]
_FINAL = frozenset({"completed", "failed"})


class SecureTranscribeClient:
    """Calls one deployment. Use it as a context manager, or call `close`.

    `base_url` ends in `/api`. Without a `session_token` the first call makes a session, and the
    client shows its token from then on. Not safe for use by several threads at once.
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
            # An upload is answered when all of it has arrived and been looked at.
            timeout=httpx2.Timeout(timeout_seconds, read=max(timeout_seconds, 300)),
            transport=transport,
            trust_env=False,
        )
        self.session_token = session_token

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the connections."""
        self.close()

    def close(self) -> None:
        """Closes the connections; the session lives on."""
        self._http.close()

    def upload_audio(
        self,
        file: IO[bytes],
        *,
        filename: str | None = None,
        language: str | None = None,
        auto_start: bool = False,
    ) -> Data:
        """Uploads an open file, a chunk at a time, and returns `transcription_id` and its facts.

        Processing begins with `start_transcription`, or at once with `auto_start=True`. Without a
        `language` it is detected.
        """
        name = filename or _file_name(file)
        fields = {"auto_start": "true" if auto_start else "false"}
        if language:
            fields["language"] = language
        return self._data(
            "POST", "/transcription/upload", data=fields, files={"file": (name, file)}
        )

    def start_transcription(self, transcription_id: int, *, language: str | None = None) -> Data:
        """Queues a transcription and returns its `job_id`."""
        body = {"language": language} if language else {}
        return self._data("POST", f"/transcription/start/{transcription_id}", json=body)

    def get_status(self, transcription_id: int) -> Data:
        """State of a transcription; with text, segments and speakers once it is completed."""
        return self._data("GET", f"/transcription/status/{transcription_id}")

    def wait(
        self,
        transcription_id: int,
        *,
        on_progress: Callable[[float, str], None] | None = None,
        poll_seconds: float = 1,
        timeout_seconds: float | None = None,
    ) -> Data:
        """Waits until a transcription is completed or failed and returns its state.

        `on_progress` is told percent and step whenever they change.

        Raises:
            TimeoutError: `timeout_seconds` went by before.
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
                raise TimeoutError(f"transcription {transcription_id} is not done yet")
            time.sleep(poll_seconds)

    def list_transcriptions(
        self, *, limit: int = 50, offset: int = 0, status_filter: str | None = None
    ) -> Data:
        """Transcriptions of this session, newest first, and their `total`."""
        query = _present(limit=limit, offset=offset, status_filter=status_filter)
        return self._data("GET", "/transcription/list", params=query)

    def assign_speakers(self, transcription_id: int, names: Mapping[str, str]) -> Data:
        """Names speakers: from label or current name to the new name."""
        path = f"/transcription/speakers/assign/{transcription_id}"
        return self._data("POST", path, json=dict(names))

    def list_voices(self, transcription_id: int) -> list[Data]:
        """The voices of a transcription, whose they are, and who said so (`name_source`)."""
        return self._list("GET", f"/transcription/speakers/{transcription_id}")

    def get_voice_clip(self, transcription_id: int, speaker_label: str) -> bytes:
        """A few clean seconds of a voice of a transcription, as a FLAC file."""
        path = f"/transcription/speakers/{transcription_id}/{quote(speaker_label, safe='')}/clip"
        return self._send("GET", path).content

    def list_speakers(self, *, page: int = 1, per_page: int = 200) -> list[Data]:
        """One page of the active profiles in order of name."""
        return self._list("GET", "/speakers", params=_present(page=page, per_page=per_page))

    def create_speaker(self, name: str, **fields: str) -> Data:
        """Makes a profile."""
        return self._data("POST", "/speakers", json={"name": name, **fields})

    def enroll_speaker(
        self, speaker_id: int, file: IO[bytes], *, filename: str | None = None
    ) -> Data:
        """Teaches a profile from an open clip in which only that person speaks."""
        files = {"file": (filename or _file_name(file), file)}
        return self._data("POST", f"/speakers/{speaker_id}/enroll", files=files)

    def get_speaker_clip(self, speaker_id: int) -> bytes:
        """A few seconds of a profile's voice, as a FLAC file."""
        return self._send("GET", f"/speakers/{speaker_id}/clip").content

    def list_observations(
        self, speaker_id: int, *, page: int = 1, per_page: int = 200
    ) -> list[Data]:
        """One page of what a profile has learnt, newest first."""
        query = _present(page=page, per_page=per_page)
        return self._list("GET", f"/speakers/{speaker_id}/observations", params=query)

    def delete_observation(self, speaker_id: int, observation_id: int) -> Data:
        """Takes back one thing that a profile has learnt; returns the profile."""
        return self._data("DELETE", f"/speakers/{speaker_id}/observations/{observation_id}")

    def merge_speakers(self, speaker_id: int, source_speaker_id: int) -> Data:
        """Moves all that another profile knows to this one, and deletes that one."""
        body = {"source_speaker_id": source_speaker_id}
        return self._data("POST", f"/speakers/{speaker_id}/merge", json=body)

    def split_speaker(self, speaker_id: int, observation_ids: Sequence[int], name: str) -> Data:
        """Moves observations to the profile of a name; returns `speaker` and `target`."""
        body = {"observation_ids": list(observation_ids), "name": name}
        return self._data("POST", f"/speakers/{speaker_id}/split", json=body)

    def delete_speaker(self, speaker_id: int, *, permanent: bool = False) -> Data:
        """Deactivates a profile, or deletes it with its voiceprints and clips for good."""
        query = {"permanent": "true" if permanent else "false"}
        return self._data("DELETE", f"/speakers/{speaker_id}", params=query)

    def export_transcription(
        self,
        transcription_id: int,
        format: str = "pdf",  # noqa: A002 - the documented name
        include_options: Sequence[str] = (),
    ) -> bytes:
        """The finished transcript as a document."""
        query: dict[str, Any] = {"export_format": format}
        if include_options:
            query["include_options"] = list(include_options)
        path = f"/transcription/export/{transcription_id}"
        return self._send("POST", path, params=query).content

    def delete_transcription(self, transcription_id: int) -> Data:
        """Deletes a transcription with all that belongs to it."""
        return self._data("DELETE", f"/transcription/{transcription_id}")

    def get_queue_status(self) -> Data:
        """Figures over the queue and this session's place in it."""
        return self._data("GET", "/queue/status")

    def get_job(self, job_id: str) -> Data:
        """State of a job."""
        return self._data("GET", f"/queue/jobs/{job_id}")

    def cancel_job(self, job_id: str) -> Data:
        """Cancels a waiting or running job."""
        return self._data("DELETE", f"/queue/jobs/{job_id}")

    def get_session(self) -> Data:
        """Facts and figures of this session."""
        return self._data("GET", "/sessions/current")

    def _data(self, method: str, path: str, **arguments: Any) -> Data:
        answer = self._send(method, path, **arguments)
        data: Data = answer.json()["data"]
        return data

    def _list(self, method: str, path: str, **arguments: Any) -> list[Data]:
        data: list[Data] = self._send(method, path, **arguments).json()["data"]
        return data

    def _send(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.session_token}"} if self.session_token else {}
        with _connection_errors():
            answer = self._http.request(method, path, headers=headers, **arguments)
        if self.session_token is None:
            self.session_token = answer.cookies.get("session_token")
        if answer.is_error:
            raise _error(answer)
        return answer


@contextmanager
def _connection_errors() -> Iterator[None]:
    try:
        yield
    except httpx2.TransportError as error:
        raise ConnectionFailedError(f"SecureTranscribe cannot be reached: {error}") from error


def _error(answer: httpx2.Response) -> ApiError:
    try:
        told = answer.json()["error"]
        return ApiError(
            status=answer.status_code,
            code=told["code"],
            message=told["message"],
            details=told.get("details") or {},
        )
    except (json.JSONDecodeError, KeyError, TypeError):
        return ApiError(
            status=answer.status_code,
            code="HTTP_ERROR",
            message=f"the server answered with HTTP {answer.status_code}",
            details={},
        )


def _file_name(file: IO[bytes]) -> str:
    return PurePath(getattr(file, "name", "") or "audio").name


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
