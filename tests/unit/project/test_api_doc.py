"""`docs/api.md` lists all warnings of transcriptions and all supported languages."""

import re
from pathlib import Path

import numpy as np
import pytest
from av import AudioFrame

from common import languages
from common.audio.conditioning import SignalConditioner
from transcriber.captures.completion import NOT_FINISHED, NOT_STARTED
from transcriber.domain.playback import NO_COPY
from transcriber.names.assignment import NOT_LEARNED
from transcriber.names.clips import NO_CLIPS
from transcriber.names.follow_up import NO_NAMES
from transcriber.recordings.cleanup import NOT_ERASED
from transcriber.transcripts.assembly import NO_SPEAKERS, NO_SPEECH

PAGE = (Path(__file__).parents[3] / "docs/api.md").read_text()
SECTION = PAGE.partition("### Warnings")[2].partition("\n### ")[0]
ROWS = [row.split("|")[1].strip() for row in SECTION.splitlines() if row.startswith("| ")][1:]


def pattern(row: str) -> list[str]:
    return [part.strip() for part in row.split("…") if part.strip()]


def described(warning: str) -> bool:
    return any(all(part in warning for part in pattern(row)) for row in ROWS)


def test_rows_are_sentences() -> None:
    assert ROWS
    assert all(len(" ".join(pattern(row))) > 20 for row in ROWS)


@pytest.mark.parametrize(
    "warning",
    [
        NO_SPEECH,
        NO_SPEAKERS.format("unknown."),
        NO_CLIPS,
        NO_COPY,
        NO_NAMES,
        NOT_LEARNED,
        NOT_ERASED,
        NOT_FINISHED,
        NOT_STARTED,
        "2 of 9 pieces of the recording are missing.",
        "Part 2 of 3 of the recording has no sound that can be read. It was left out.",
        "The recording is longer than 12:00:00 hours. The rest was left out.",
    ],
)
def test_warnings_of_processing_are_described(warning: str) -> None:
    assert described(warning)


def test_warnings_of_damaged_recordings_are_described() -> None:
    samples = np.full((1, 16000), 2.0, np.float32)
    samples[0, :2] = (np.nan, np.nan)
    samples[0, 5:7] = 1e6
    frame = AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate = 16000
    conditioner = SignalConditioner()
    list(conditioner.condition([(0.0, frame)]))
    assert len(conditioner.warnings) == 3
    assert all(described(warning) for warning in conditioner.warnings)


def test_an_undocumented_warning_is_noticed() -> None:
    assert not described("The recording was too long.")


def test_exactly_the_supported_languages_are_listed() -> None:
    section = PAGE.partition("### Languages")[2].partition("\n### ")[0]
    listed = section.rpartition(":")[2]
    assert re.findall(r"`(\w+)`", listed) == list(languages.NAMES)
