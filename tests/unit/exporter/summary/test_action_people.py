import pytest

from exporter.summary.action_people import addressed, is_name

NAMES = frozenset({"Ben", "max"})


@pytest.mark.parametrize("word", ["Ben", "Priya", "max"])
def test_names(word: str) -> None:
    assert is_name(word, NAMES)


@pytest.mark.parametrize("word", ["The", "Monday", "Please", "Everybody", "we", "table"])
def test_no_names(word: str) -> None:
    assert not is_name(word, NAMES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ben, could you come?", "Ben"),
        ("So Ben, could you come?", "Ben"),
        ("Could you come, Ben?", "Ben"),
        ("Well, could you come?", ""),
        ("Could you come on Monday?", ""),
    ],
)
def test_addressed(text: str, name: str) -> None:
    assert addressed(text, NAMES) == name
