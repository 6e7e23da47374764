import pytest

from exporter.summary.action_verbs import TALK, TALK_PHRASES, WORK, WORK_PHRASES, base_forms


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("reviews", "review"),
        ("signed", "sign"),
        ("sending", "send"),
        ("arranged", "arrange"),
        ("planning", "plan"),
        ("copies", "copy"),
        ("written", "write"),
        ("fixes", "fix"),
    ],
)
def test_base_forms(word: str, base: str) -> None:
    assert base in base_forms(word)
    assert base_forms(word)[0] == word


def test_no_verb_is_both_work_and_talk() -> None:
    assert not WORK & TALK
    assert set(TALK_PHRASES) <= WORK | set(WORK_PHRASES)
