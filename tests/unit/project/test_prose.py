"""The figures of docstring prose."""

import pytest

from scripts import prose


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Return the job that waits, which nobody has.", (2, 0, 0)),
        ("Check that the job waits. Show that it does.", (0, 0, 0)),
        ("Return what came of it; what is left stays.", (0, 2, 1)),
        ("Return `what; that which` of a job.", (0, 0, 0)),
        ("Raise an error in what case ever.", (0, 1, 0)),
    ],
)
def test_what_is_counted(text: str, counts: tuple[int, int, int]) -> None:
    found = prose.measure(text)
    assert (found.pronouns, found.headless, found.semicolons) == counts


def test_a_drift_is_an_error(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{tmp_path}/module.py"
    with open(path, "w") as file:
        file.write('"""Return what is there; what is not; what came of it."""\n')
    assert prose.main([path]) == 1
    assert "over the limit: semicolons" in capsys.readouterr().out
    with open(path, "w") as file:
        file.write('"""Return the jobs of a session."""\n')
    assert prose.main([path]) == 0
