"""Uploads, in one request and in pieces."""

import base64
import os
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import IO, Any
from urllib.parse import quote

from securetranscribe import results, resumable
from securetranscribe.methods import flow, nothing, operation, plain, record, records
from securetranscribe.steps import Data, Flow, Parts, present

TUS = {"Tus-Resumable": "1.0.0"}


class UploadCalls:
    """Calls to upload recordings.

    Options of an upload are fields of the form: `language` (a tag such as `en` or `pt-BR`, detected
    by default), `auto_start` (False by default here), `channels` (`mix`, `separate`, or `auto`, the
    default, to decide by measurement), `allow_truncated` to accept a truncated recording as far as
    it goes, `voice_memory=False` to keep no voiceprint of it, `num_speakers`, `min_speakers`,
    `max_speakers`, `diarize=False` to tell no speakers apart, `phrases` (names and terms),
    `model`, and `priority` from 1 to 5. Further options are sent as they are.
    """

    @operation("POST", "/transcription/upload", record(results.UploadData))
    def upload_audio(
        self, /, file: IO[bytes], *, filename: str | None = None, **options: Any
    ) -> Parts:
        """Upload an open file in chunks. Return `transcription_id` and properties of the file.

        Processing starts with `start_transcription`, or immediately with `auto_start=True`. The
        options are those of `UploadCalls`.
        """
        return Parts(form=fields_of(options), files={"file": (filename or file_name(file), file)})

    @flow(record(results.ResumableData))
    def upload_resumable(
        self,
        /,
        file: IO[bytes],
        *,
        upload_id: str | None = None,
        filename: str | None = None,
        on_created: Callable[[str], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        piece_bytes: int = resumable.PIECE_BYTES,
        patience_seconds: float = 300,
        **options: Any,
    ) -> Flow[Data]:
        """Upload an open, seekable file in pieces. Go on after interruptions.

        Return the upload, with its `transcription_id`. The options are those of `UploadCalls`.
        `on_created` receives the id of the upload. With this `upload_id`, another process goes on
        with the same file, and the options are those of its creation. `on_progress` receives the
        bytes stored so far, and those of the file. Once nothing could be sent for
        `patience_seconds`, the error is raised, and the upload can still go on later.
        """
        if upload_id is None:
            fields = {"filename": filename or file_name(file), **fields_of(options)}
            size = file.seek(0, os.SEEK_END)
            created = yield from UploadCalls.create_upload.flow(self, size, fields)
            upload_id = str(created["upload_id"])
            if on_created is not None:
                on_created(upload_id)
        return (
            yield from resumable.send_rest(
                file,
                f"/uploads/{quote(upload_id, safe='')}",
                piece_bytes=piece_bytes,
                patience_seconds=patience_seconds,
                on_progress=on_progress,
            )
        )

    @operation("POST", "/uploads", record(results.ResumableData))
    def create_upload(self, size: int, fields: Mapping[str, str]) -> Parts:
        """Create an upload of `size` bytes. `fields` are its `filename` and options, as text."""
        metadata = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items()
        )
        return Parts(headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata})

    @operation("GET", "/uploads/{upload_id}", record(results.ResumableData))
    def get_upload(self, upload_id: str) -> Parts:
        """Return an upload in pieces, with its `offset` and `state`."""
        return Parts(headers=TUS)

    @operation(
        "PATCH",
        "/uploads/{upload_id}",
        plain(lambda response: int(response.headers["upload-offset"])),
    )
    def append_to_upload(self, upload_id: str, offset: int, piece: bytes) -> Parts:
        """Append bytes at an offset. Return the offset behind them."""
        return resumable.piece_at(offset, piece)

    @operation("GET", "/uploads", records(results.ResumableData, key="uploads"))
    def list_uploads(self) -> Parts:
        """Return uploads in pieces with their `offset`, latest first."""
        return Parts()

    @operation("DELETE", "/uploads/{upload_id}", nothing())
    def cancel_upload(self, upload_id: str) -> Parts:
        """Cancel an upload in pieces and remove its bytes."""
        return Parts(headers=TUS)

    @operation(
        "GET",
        "/uploads/duplicates",
        plain(lambda response: list[int](response.json()["data"]["transcription_ids"])),
    )
    def find_duplicates(self, sha256: str) -> Parts:
        """Return ids of own transcriptions of a recording with this SHA-256, latest first."""
        return Parts(query={"sha256": sha256})


def fields_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Return options of an upload as fields of a form."""
    return {
        name: _text(value) for name, value in present(**{"auto_start": False, **options}).items()
    }


def file_name(file: IO[bytes]) -> str:
    """Return the name of an open file."""
    return PurePath(str(getattr(file, "name", "") or "audio")).name


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
