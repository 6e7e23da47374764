from pathlib import Path

import pytest

from tests.chaos import clocks


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "+0\n"), (3600.0, "+3600\n"), (-5.0, "-5\n")])
def test_clock_is_turned_by_a_file(tmp_path: Path, seconds: float, text: str) -> None:
    clocks.turn(tmp_path, "gateway", seconds)
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.clock"]
    assert (tmp_path / "gateway.clock").read_text() == text


def test_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "library", lambda: None)
    assert clocks.turned(tmp_path, "gateway", {"PORT": "1"}) == {"PORT": "1"}
    monkeypatch.setattr(clocks, "library", lambda: Path("/lib/faketime.so"))
    made = clocks.turned(tmp_path, "gateway", {"PORT": "1", "PYTHONPATH": "/packages"})
    assert made["LD_PRELOAD"] == "/lib/faketime.so"
    assert Path(made["FAKETIME_TIMESTAMP_FILE"]).read_text() == "+0\n"
    assert made["PORT"] == "1"
    fixes, packages = made["PYTHONPATH"].split(":")
    assert (Path(fixes) / "sitecustomize.py").is_file()
    assert packages == "/packages"
