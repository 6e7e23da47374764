"""Names and terms in prompts."""

import pytest

from gateway.openai.prompt import phrases_of


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", ()),
        ("ZyntriQix, Digique Plus, CynapseFive", ("ZyntriQix", "Digique Plus", "CynapseFive")),
        (
            "The transcript is about OpenAI which makes technology like DALL·E and GPT-3.",
            ("OpenAI", "DALL·E", "GPT-3"),
        ),
        ("We spoke with Anna Schmidt about the budget of last year", ("Anna Schmidt",)),
        ("東京、大阪", ("東京", "大阪")),
        ("a" * 101, ()),
        ("one, one", ("one",)),
    ],
)
def test_phrases(prompt: str, expected: tuple[str, ...]) -> None:
    assert phrases_of(prompt) == expected


def test_keywords_come_first() -> None:
    assert phrases_of("Berta", ["Anna ", ""]) == ("Anna", "Berta")


def test_number_is_bounded() -> None:
    assert len(phrases_of(",".join(f"term{number}" for number in range(300)))) == 200


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Anna... Berta?! Clara.", ("Anna", "Berta", "Clara")),
        ("Anna...Berta", ("Anna...Berta",)),
        ("Anna.\nBerta", ("Anna", "Berta")),
        ("...", ()),
        (".x. Anna", (".x", "Anna")),
    ],
)
def test_runs_of_full_stops(prompt: str, expected: tuple[str, ...]) -> None:
    assert phrases_of(prompt) == expected


def test_end_of_a_long_prompt_counts() -> None:
    assert phrases_of(f"Anna, {'Bert' * 20_000}, Clara") == ("Clara",)
    # The cut falls into a word, which is no name by itself.
    assert phrases_of(f"Annabel, {'x, ' * 21_842}Clara")[-1] == "Clara"
    assert phrases_of(f"{'Annabel,' * 10_000}Clara") == ("Annabel", "Clara")
    assert phrases_of("." * 1_000_000 + "x") == ()
    assert phrases_of("." * 1_000_000 + "x, Clara") == ("Clara",)
