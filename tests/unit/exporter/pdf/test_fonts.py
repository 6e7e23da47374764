from pathlib import Path

import pytest

from common.errors import ExportError
from exporter.pdf import fonts


def test_every_font_file_is_installed() -> None:
    files = fonts.font_files()
    assert len(files) == 9
    assert all(path.stat().st_size > 10_000 for path in files)
    assert all(isinstance(path, Path) and path.is_dir() for path in fonts.font_directories())


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_FILES", (("no_such_font_package", "files/x.ttf"),))
    with pytest.raises(ExportError, match="no_such_font_package"):
        fonts.font_files()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_FILES", (("exporter", "files/x.ttf"),))
    with pytest.raises(ExportError, match=r"files/x\.ttf"):
        fonts.font_files()


def test_ideographs_of_the_language_come_first() -> None:
    japanese = fonts.families("ja")
    assert japanese.index("Noto Sans CJK JP") < japanese.index("Noto Sans CJK SC")
    assert fonts.families()[0] == "Noto Sans"
    assert set(japanese) == set(fonts.families("zh-hant"))
