import pytest

from exporter.summary.chat import LanguageModelError
from exporter.summary.prompts import items_in, parsed, statements_in, summarize_request


@pytest.mark.parametrize(
    "text",
    [
        '{"statements": []}',
        'Here you are:\n```json\n{"statements": []}\n```\nAnything else?',
    ],
)
def test_text_around_the_object_is_ignored(text: str) -> None:
    assert parsed(text) == {"statements": []}


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "[1]", "{", '{"statements": "x"}', '{"other": []}'),
        f'{{"statements": {"[" * 10_000}}}',
    ],
)
def test_other_answers_are_errors(text: str) -> None:
    with pytest.raises(LanguageModelError):
        parsed(text)


def test_malformed_statements_are_ignored() -> None:
    answer = {
        "statements": [
            {"text": "A\x00 line.\nTwo.", "segments": [3, "4", "[5]", True, 3.5, "x", "9" * 5000]},
            {"text": "", "segments": [1]},
            {"text": "No sources."},
            "nonsense",
        ]
    }
    first, second = statements_in(answer, "segments")
    assert (first.text, first.sources) == ("A line. Two.", (3, 4, 5))
    assert (second.text, second.sources) == ("No sources.", ())


def test_items_require_a_text_and_a_source() -> None:
    answer = {
        "action_items": [
            {"text": "Call Ben", "owner": "Anna", "due": None, "segment": "7"},
            {"text": "Nothing", "segment": None},
            {"owner": "Anna", "segment": 1},
        ]
    }
    (item,) = items_in(answer)
    assert (item.text, item.owner, item.due, item.source) == ("Call Ben", "Anna", "", 7)
    assert items_in({"action_items": "none"}) == []


def test_the_request_names_the_language() -> None:
    assert "in German (de)" in summarize_request("x", 3, "de")
    assert "the language of the conversation" in summarize_request("x", 3, "")
