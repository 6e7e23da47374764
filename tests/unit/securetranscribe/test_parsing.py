"""Typed results from dictionaries."""

import datetime as dt

import pytest

from securetranscribe import results
from securetranscribe.parsing import parsed

CAPTURE = {
    "capture_id": "c1",
    "title": "Call",
    "media_type": "audio/webm",
    "state": "rejected",
    "next_chunk": 2,
    "missing": [1],
    "stored_bytes": 10,
    "created_at": "2026-11-22T20:06:13Z",
    "idle_until": "2026-11-22T20:16:13Z",
    "transcription_id": None,
    "job_id": None,
    "error": {"code": "X", "message": "No."},
}


def test_members_are_objects() -> None:
    capture = parsed(results.CaptureData, CAPTURE)
    assert capture.error == results.UploadFailureData(code="X", message="No.")
    assert capture.created_at == dt.datetime(2026, 11, 22, 20, 6, 13, tzinfo=dt.UTC)
    assert capture.missing == [1]


def test_results_are_frozen() -> None:
    capture = parsed(results.CaptureData, CAPTURE)
    with pytest.raises(AttributeError):
        capture.title = "Other"  # type: ignore[misc]


def test_servers_of_other_versions_are_understood() -> None:
    newer = parsed(results.CaptureData, {**CAPTURE, "color": "blue"})
    assert newer == parsed(results.CaptureData, CAPTURE)
    older = {name: value for name, value in CAPTURE.items() if name != "job_id"}
    assert parsed(results.CaptureData, older).job_id is None


def test_maps_of_objects() -> None:
    stats = {"segment_count": 1, "total_duration": 2.0, "avg_confidence": 0.5, "channel": None}
    status = parsed(results.StatusData, {"speaker_stats": {"Ann": stats}})
    assert status.speaker_stats["Ann"].total_duration == 2.0
