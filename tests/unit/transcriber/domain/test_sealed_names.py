"""Names of encrypted copies of plain objects."""

import pytest

from transcriber.domain.playback import CopyKeys
from transcriber.domain.sealed_names import both_names, is_sealed, sealed_name

NAMES = ["7/source", "12/clips/1700000000/Speaker_1.flac", "7/0a1b.pb"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_and_its_copy_are_told_apart(name: str) -> None:
    copy = sealed_name(name)
    assert copy != name
    assert (is_sealed(name), is_sealed(copy)) == (False, True)
    assert sealed_name(copy) == copy
    assert both_names(name) == both_names(copy) == (name, copy)


def test_copies_stay_below_their_transcription() -> None:
    assert sealed_name("7/source") == "7/sealed/source"


def test_keys_that_belong_to_a_result_belong_to_its_copy() -> None:
    plain, sealed = CopyKeys.of_result("7/0a1b.pb"), CopyKeys.of_result(sealed_name("7/0a1b.pb"))
    assert sealed.playback == sealed_name(plain.playback)
    assert sealed.peaks == sealed_name(plain.peaks)
    assert CopyKeys.result_of(sealed.playback) == sealed_name("7/0a1b.pb")
