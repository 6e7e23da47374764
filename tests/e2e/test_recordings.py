"""Recordings of the corpus, uploaded as users do, with the words and times of their results."""

import io
from collections import defaultdict
from typing import Any

import pytest

from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.stack import JOB_SECONDS
from tests.recordings.case import Case
from tests.recordings.corpus import CASES
from tests.recordings.speech import share_of_words

#: Share of the words that the model must find. It mishears one now and then.
_SHARE = 0.75
#: Time stamps of first words are less exact than sound, in seconds.
_CLOCK = 0.6


def _uploaded(client: SecureTranscribeClient, case: Case, **options: Any) -> dict[str, Any]:
    """Upload a file, wait for its result and return it."""
    file = io.BytesIO(case.make())
    answer = client.upload_audio(
        file, filename=case.name, language="en", auto_start=True, **options
    )
    return client.wait(int(answer["transcription_id"]), timeout_seconds=JOB_SECONDS)


def _assert_right(case: Case, state: dict[str, Any]) -> None:
    """Compare the words, times, length and channels of a result with the right ones."""
    assert state["status"] == "completed", state
    assert state["file_info"]["duration"] == pytest.approx(case.length, abs=0.2)
    assert state["channels"]["decided"] == case.decided.value, state["channels"]
    by_channel = defaultdict(list)
    for segment in state["segments"]:
        by_channel[segment.get("channel", 0)].append(segment)
    heard = case.heard(case.decided)
    assert len(by_channel) == len(heard), state["segments"]
    for (_, segments), said in zip(sorted(by_channel.items()), heard, strict=True):
        text = " ".join(segment["text"] for segment in segments)
        assert share_of_words(" ".join(one.utterance.words for one in said), text) >= _SHARE, text
        assert segments[0]["start_time"] == pytest.approx(said[0].first_word, abs=_CLOCK)


@pytest.mark.parametrize(
    "name",
    [
        "silent_first.mkv",
        "late_4.mp4",
        "from_4.ogg",
        "cut_2001.mp3",
        "adpcm_rate_of_pcm.wav",
        "antiphase.flac",
        "overlap_vorbis.ogg",
    ],
)
def test_recording_has_its_words_and_times(name: str, client: SecureTranscribeClient) -> None:
    case = CASES[name]
    state = _uploaded(client, case)
    _assert_right(case, state)
    labels = {segment["speaker"] for segment in state["segments"]}
    assert len(labels) == len(case.heard(case.decided))


def test_recording_that_breaks_off_is_taken_if_allowed(client: SecureTranscribeClient) -> None:
    case = CASES["half.wav"]
    with pytest.raises(ApiError, match="allow_truncated"):
        _uploaded(client, case)
    state = _uploaded(client, case, allow_truncated=True)
    _assert_right(case, state)
    assert any("breaks off" in warning for warning in state["warnings"]), state["warnings"]
