import pytest

from exporter.scripts import (
    Direction,
    direction,
    east_asian_language,
    is_arabic,
    scripts_without_font,
)
from tests.unit.exporter.documents import SCRIPTS


@pytest.mark.parametrize("language", SCRIPTS)
def test_direction_by_script(language: str) -> None:
    leftward = language in {"ar", "he"}
    expected = Direction.RIGHT_TO_LEFT if leftward else Direction.LEFT_TO_RIGHT
    assert all(direction(text) is expected for text in SCRIPTS[language])


def test_the_majority_of_letters_decides() -> None:
    assert direction("Anna: אנחנו צריכים לסיים") is Direction.RIGHT_TO_LEFT
    assert direction("אבא said hello to everybody") is Direction.LEFT_TO_RIGHT
    assert direction("12:30 …") is Direction.LEFT_TO_RIGHT


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("報告書を仕上げる", "zh", "ja"),
        ("보고서", "", "ko"),
        ("報告", "ja", "ja"),
        ("报告", "zh", "zh"),
        ("報告", "zh-TW", "zh-hant"),
        ("report", "ja", ""),
    ],
)
def test_east_asian_language(text: str, language: str, expected: str) -> None:
    assert east_asian_language(text, language) == expected


def test_is_arabic() -> None:
    assert is_arabic("abc س")
    assert not is_arabic("שלום abc")


def test_covered_scripts_are_not_reported() -> None:
    texts = [text for pair in SCRIPTS.values() for text in pair]
    assert scripts_without_font([*texts, "“€ → …” — 10 %", "தமிழ் తెలుగు বাংলা"]) == []


def test_scripts_without_a_font_are_named() -> None:
    assert scripts_without_font(["გამარჯობა", "hello 😀"]) == ["Georgian", "Symbols"]
