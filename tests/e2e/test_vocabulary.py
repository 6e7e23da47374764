"""A vocabulary in a whole product: from entries to a corrected transcript, and back."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from securetranscribe import SecureTranscribeClient
from tests.e2e.owners import asked
from tests.e2e.stack import JOB_SECONDS, Completed, Stack

pytestmark = pytest.mark.e2e

_MEANT = "Quibblethorpe"


def words_of(client: SecureTranscribeClient, transcription_id: int) -> list[dict[str, Any]]:
    path = f"/transcription/{transcription_id}/transcript?words=true"
    return [word for segment in asked(client, "GET", path)["segments"] for word in segment["words"]]


def test_a_new_transcript_is_corrected_and_the_corrections_can_be_taken_back(
    stack: Stack, completed: Completed, sample: Path
) -> None:
    with stack.client(completed.token) as earlier:
        texts = [
            word["text"].strip(".,?!").lower()
            for word in words_of(earlier, completed.transcription_id)
        ]
    counts = Counter(text for text in texts if text.isalpha() and len(text) > 2)
    heard, count = counts.most_common(1)[0]
    with stack.client() as client:
        table = f"type,heard,meant\nterm,,{_MEANT}\ncorrection,{heard},{_MEANT}\n"
        imported = asked(client, "POST", "/vocabulary/import", json={"csv": table})
        assert (imported["added_terms"], imported["added_corrections"]) == (1, 1)
        with sample.open("rb") as file:
            number = client.upload_audio(file, auto_start=True)["transcription_id"]
        assert client.wait(number, timeout_seconds=JOB_SECONDS)["status"] == "completed"
        revisions = asked(client, "GET", f"/transcription/{number}/revisions")["revisions"]
        assert revisions[0]["kind"] == "vocabulary"
        corrected = [word for word in words_of(client, number) if _MEANT in word["text"]]
        assert len(corrected) >= count // 2
        assert all(word["edited"] for word in corrected)
        assert {word["edited_revision"] for word in corrected} == {revisions[0]["revision"]}
        undone = asked(client, "POST", f"/transcription/{number}/vocabulary/undo")
        assert undone["target_revision"] == revisions[0]["revision"]
        assert not any(word["edited"] for word in words_of(client, number))
        again = asked(client, "POST", f"/transcription/{number}/vocabulary")
        assert again["count"] == len(corrected)
