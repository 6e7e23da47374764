"""Requested numbers of speakers, from the upload to the transcript."""

from pathlib import Path

from securetranscribe import SecureTranscribeClient
from tests.e2e.stack import JOB_SECONDS


def test_number_of_speakers_is_kept_and_can_be_changed(
    client: SecureTranscribeClient, sample: Path
) -> None:
    with sample.open("rb") as file:
        uploaded = client.upload_audio(file, language="en", auto_start=True, num_speakers=1)
    number = int(uploaded["transcription_id"])
    alone = client.wait(number, timeout_seconds=JOB_SECONDS)
    assert alone["speakers"] == ["Speaker_1"]
    assert alone["speakers_requested"] == {
        "num_speakers": 1,
        "min_speakers": None,
        "max_speakers": None,
    }
    assert alone["warnings"] == []

    client.reprocess_transcript(number, min_speakers=2, max_speakers=3)
    both = client.wait(number, timeout_seconds=JOB_SECONDS)
    assert both["speakers"] == ["Speaker_1", "Speaker_2"]
    assert both["speakers_requested"]["num_speakers"] is None
    assert both["speakers_requested"]["min_speakers"] == 2
    stages = {stage["name"]: stage["reused"] for stage in both["stages"]}
    assert stages == {"transcribe": True, "diarize": False, "merge": False}
