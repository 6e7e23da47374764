"""The number of files in the corpus, and those that are refused."""

import io

import pytest

from common.audio.errors import AudioError, TruncatedAudioError
from common.audio.probe import probe
from common.errors import FileUploadError
from tests.recordings.case import Case, Refused
from tests.recordings.corpus import CASES, REFUSED
from tests.recordings.reading import examined


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 120
    assert len(REFUSED) >= 12


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.truncated], ids=lambda case: case.name
)
def test_truncated_file_is_refused_unless_allowed(case: Case) -> None:
    with pytest.raises(TruncatedAudioError, match="allow_truncated"):
        probe(io.BytesIO(case.make()))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_file_that_is_no_recording_is_refused(case: Refused) -> None:
    content = case.make()
    with pytest.raises((FileUploadError, AudioError)):
        examined(case.name, content, allow_truncated=True)
