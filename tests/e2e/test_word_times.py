"""Times of words that a person wrote, measured in the recording by a worker."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.owners import asked
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e


def test_an_edited_word_gets_the_time_at_which_it_is_spoken(stack: Stack, sample: Path) -> None:
    with stack.client() as client:
        with sample.open("rb") as file:
            number = client.upload_audio(file, auto_start=True)["transcription_id"]
        assert client.wait(number, timeout_seconds=JOB_SECONDS)["status"] == "completed"
        path = f"/transcription/{number}"

        def words() -> list[dict[str, Any]]:
            read = asked(client, "GET", f"{path}/transcript?words=true")
            return [word for segment in read["segments"] for word in segment["words"]]

        before = words()
        # The estimate by the lengths of the words is wrong for them.
        place = next(at for at, word in enumerate(before) if "Jersey" in word["text"])
        first, last = before[place - 1], before[place]
        operation = {
            "type": "replace_words",
            "first": first["id"],
            "last": last["id"],
            "text": "N Jerseyland Jer",
        }
        client.edit_transcript(number, [operation], revision=1)
        deadline = time.monotonic() + JOB_SECONDS
        while True:
            newest = asked(client, "GET", f"{path}/revisions")["revisions"][0]
            if newest["description"] == "Measure times":
                break
            assert time.monotonic() < deadline, newest
            time.sleep(0.5)
        after = words()
        starts = [word["start"] for word in after]
        assert starts == sorted(starts)
        new, jersey = (next(w for w in after if w["text"] == text) for text in ("N", "Jerseyland"))
        assert abs(new["start"] - first["start"]) < 0.3
        assert abs(jersey["start"] - last["start"]) < 0.3
