"""Examples of properties are the same in every run."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.skipif(
    settings.get_current_profile_name() != "steady", reason="random examples are requested"
)
def test_examples_do_not_depend_on_imported_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def examples() -> list[list[int]]:
        found = []

        @settings(max_examples=30)
        @given(st.lists(st.integers(0, 100_000)))
        def note(numbers: list[int]) -> None:
            found.append(numbers)

        note()
        return found

    before = examples()
    numbers = ", ".join(map(str, range(1000, 1300)))
    (tmp_path / "imported_later.py").write_text(f"NUMBERS = ({numbers})\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("imported_later")
    assert examples() == before
