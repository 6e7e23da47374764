"""Every file of the corpus: whether it is taken, what it is, and its length."""

import io

import pytest

from common.audio.errors import AudioError, TruncatedAudioError
from common.audio.formats import format_of_kind
from common.audio.kinds import SNIFF_BYTES
from common.audio.probe import AudioInfo, probe
from common.errors import FileUploadError
from tests.recordings.case import Case, Refused
from tests.recordings.corpus import CASES, REFUSED
from transcriber.domain.file_formats import format_of
from transcriber.recordings.checks import judge


def _examined(name: str, content: bytes, *, allow_truncated: bool = False) -> AudioInfo:
    """Return the properties of a file, found in the order of an upload."""
    judge(name, content[:SNIFF_BYTES])
    return probe(io.BytesIO(content), allow_truncated=allow_truncated)


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 120
    assert len(REFUSED) >= 12


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_file_is_taken_with_its_length(case: Case) -> None:
    info = _examined(case.name, case.make(), allow_truncated=case.truncated)
    usual = format_of_kind(info.kind).extensions
    assert case.content in usual
    assert format_of(case.name, info.kind) in usual
    assert info.duration == pytest.approx(case.length, abs=case.length_tolerance)
    assert info.truncated is case.truncated


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
        _examined(case.name, content, allow_truncated=True)
