"""Descriptions and failures of uploads as JSON for the table."""

from collections.abc import Mapping
from typing import Any

from common.audio.signals import ChannelMode
from common.errors import (
    ApplicationError,
    AudioProcessingError,
    FileTooLargeError,
    FileUploadError,
)
from transcriber.domain.options import ProcessingOptions, SpeakerBounds
from transcriber.recordings.acceptance import UploadRequest

#: No repetition of an upload can change these errors.
FINAL = (FileUploadError, AudioProcessingError)
_FAILURES = {kind.__name__: kind for kind in (FileTooLargeError, *FINAL)}


def request_to_json(request: UploadRequest) -> dict[str, Any]:
    """Return a description, fit for JSON."""
    options = request.options
    return {
        "filename": request.filename,
        "language": options.language,
        "phrases": list(options.phrases),
        "speakers": [options.speakers.count, options.speakers.fewest, options.speakers.most],
        "channels": options.channels.value,
        "voice_memory": options.voice_memory,
        "translate": options.translate,
        "diarize": options.diarize,
        "model": options.model,
        "auto_start": request.auto_start,
        "priority": request.priority,
        "request_id": request.request_id,
        "size_bytes": request.size_bytes,
        "allow_truncated": request.allow_truncated,
    }


def request_from_json(value: Mapping[str, Any]) -> UploadRequest:
    """Return a description from its JSON."""
    count, fewest, most = value["speakers"]
    return UploadRequest(
        filename=value["filename"],
        options=ProcessingOptions(
            language=value["language"],
            phrases=tuple(value["phrases"]),
            speakers=SpeakerBounds(count=count, fewest=fewest, most=most),
            channels=ChannelMode(value["channels"]),
            voice_memory=value["voice_memory"],
            # Absent in descriptions from before these options.
            translate=value.get("translate", False),
            diarize=value.get("diarize", True),
            model=value.get("model", ""),
        ),
        auto_start=value["auto_start"],
        priority=value["priority"],
        request_id=value["request_id"],
        size_bytes=value["size_bytes"],
        allow_truncated=value["allow_truncated"],
    )


def failure_to_json(error: ApplicationError) -> dict[str, Any]:
    """Return the reason of a rejection, fit for JSON."""
    kind = next(kind for kind in type(error).__mro__ if kind.__name__ in _FAILURES)
    return {
        "kind": kind.__name__,
        "code": error.code,
        "message": error.message,
        "details": error.details,
    }


def failure_from_json(value: Mapping[str, Any]) -> ApplicationError:
    """Return the error from its JSON."""
    return _FAILURES[value["kind"]](value["message"], value["details"])
