from pathlib import Path

import pytest

from scripts import browser


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)


def test_unpacked_browser_brings_its_libraries_and_fonts(tmp_path: Path) -> None:
    (tmp_path / "chromium").touch()
    found = browser.find(tmp_path)
    assert found.program == tmp_path / "chromium"
    assert found.variables == {
        "LD_LIBRARY_PATH": str(tmp_path / "lib"),
        "FONTCONFIG_FILE": str(tmp_path / "fonts.conf"),
    }


def test_variable_names_another_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert browser.find(tmp_path) == browser.Chromium(program=Path("/opt/chromium"))


@pytest.mark.parametrize(
    ("machine", "command"), [("x86_64", "make browser"), ("aarch64", "apt-get install")]
)
def test_missing_browser_is_told_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, command: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(browser.NoBrowserError, match=command):
        browser.find(tmp_path)
