"""Language of live utterances."""

from transcriber.worker.engines.languages import Heard
from transcriber.worker.live.language import LanguageChoice


def heard(seconds: float, **probabilities: float) -> Heard:
    return Heard(seconds=seconds, probabilities=probabilities)


def test_a_given_language_is_not_checked() -> None:
    choice = LanguageChoice("es")
    assert not choice.wants(10.0, last=True)
    assert choice.settled
    assert choice.current == "es"


def test_the_first_guess_is_checked_with_more_speech() -> None:
    choice = LanguageChoice(None)
    choice.begin()
    assert choice.wants(0.4, last=False)
    # Brief speech is taken for a rare language.
    assert not choice.take(heard(0.4, cy=0.6, en=0.3, de=0.1))
    assert choice.current == "en"
    assert not choice.settled
    assert not choice.wants(1.0, last=False)
    assert choice.wants(2.1, last=False)
    assert choice.take(heard(2.1, de=0.9, en=0.1))
    assert choice.current == "de"
    assert choice.settled
    assert not choice.wants(3.0, last=True)


def test_only_a_certain_language_follows_another() -> None:
    choice = LanguageChoice(None)
    choice.take(heard(3.0, en=0.9, fr=0.1))
    for found, language in (
        (heard(3.0, fr=0.7, en=0.3), "en"),
        (heard(3.0, cy=0.95, en=0.05), "en"),
        (heard(3.0, fr=0.9, en=0.1), "fr"),
    ):
        choice.begin()
        assert not choice.settled
        assert not choice.wants(0.5, last=True)
        assert choice.wants(2.0, last=False)
        assert choice.take(found) == (language == "fr")
        assert choice.current == language


def test_a_brief_first_utterance_is_checked_at_its_end() -> None:
    choice = LanguageChoice(None)
    choice.take(heard(0.4, en=0.6, de=0.4))
    assert choice.wants(1.5, last=True)
    assert choice.take(heard(1.5, en=0.3, de=0.7))
    assert choice.current == "de"
