import pytest

from transcriber.worker.engines.languages import Heard, disagree, prevailing, settle


def heard(seconds: float = 30.0, **probabilities: float) -> Heard:
    return Heard(seconds=seconds, probabilities=probabilities)


def test_language_of_most_speech_prevails() -> None:
    choice = prevailing([heard(30, en=0.9, de=0.1), heard(5, de=0.99, en=0.01)])
    assert choice.language == "en"
    assert choice.probability == pytest.approx((30 * 0.9 + 5 * 0.01) / 35)


def test_many_doubts_outweigh_one_certainty() -> None:
    samples = [heard(en=0.95, cy=0.05), heard(cy=0.6, en=0.4), heard(cy=0.55, en=0.45)]
    assert prevailing(samples).language == "en"


def test_only_certain_languages_disagree() -> None:
    assert disagree([heard(en=0.95), heard(de=0.9)])
    assert not disagree([heard(en=0.95), heard(de=0.6, en=0.4)])
    assert not disagree([heard(en=0.95), heard(en=0.5)])


def test_a_doubtful_stretch_continues_the_one_before() -> None:
    row = [heard(en=0.9), heard(de=0.95), heard(nl=0.5, de=0.4), heard(en=0.9)]
    assert [choice.language for choice in settle(row, "en")] == ["en", "de", "de", "en"]
    assert settle(row, "en")[2].probability == pytest.approx(0.4)


def test_a_doubtful_beginning_is_in_the_main_language() -> None:
    assert settle([heard(cy=0.5, en=0.3), heard(en=0.9)], "en")[0].language == "en"
