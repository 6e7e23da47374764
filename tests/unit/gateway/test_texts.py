"""Validation of text and JSON values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ValidationError
from gateway.texts import MAX_JSON_CHARACTERS, check_json, storable


def test_storable() -> None:
    assert storable("Größe 会议 🎤\n")
    assert not storable("a\0b")
    assert not storable("half \ud83c of a pair")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"a": "x\0"},
        {"a\0": 1},
        {"a": ["\ud800"]},
        {"a": float("nan")},
        {"a": [{"b": float("inf")}]},
        {"a": 1e301},
        {"a": 10**400},
        nested(30),
        {"a": "x" * MAX_JSON_CHARACTERS},
    ],
)
def test_json_that_cannot_be_stored_is_rejected(value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        check_json(value, "preferences")
    assert caught.value.details == {"field": "preferences"}


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.floats(-1e9, 1e9)
        | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(
                st.text(st.characters(categories=["L"]), max_size=5), children, max_size=3
            )
        ),
        max_leaves=10,
    )
)
def test_other_json_is_accepted(value: Any) -> None:
    check_json(value, "preferences")
