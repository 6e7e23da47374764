"""Embedded fonts: files of installed packages, all under the SIL Open Font License 1.1."""

from importlib.resources import files
from pathlib import Path

from common.errors import ExportError

# Package and path within it of each font file.
_FILES = (
    ("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf"),  # Latin, Greek, Cyrillic, Devanagari
    ("fontpkg_amiri", "files/Amiri-Regular.ttf"),  # Arabic
    ("fontpkg_amiri", "files/Amiri-Bold.ttf"),
    ("justmytype_intl_rtl", "fonts/ofl/notosanshebrew/NotoSansHebrew[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "fonts/ofl/notosansbengali/NotoSansBengali[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "fonts/ofl/notosanstamil/NotoSansTamil[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "fonts/ofl/notosanstelugu/NotoSansTelugu[wdth,wght].ttf"),
    ("fontpkg_noto_sans_thai", "files/NotoSansThai[wdth,wght].ttf"),
    ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc"),
)

# Noto Sans Arabic is left out. It draws letters and their dots as separate glyphs, so that text
# copied from the PDF repeats letters. Amiri has one glyph per letter.
_FAMILIES = (
    "Noto Sans", "Amiri", "Noto Sans Hebrew", "Noto Sans Bengali", "Noto Sans Tamil",
    "Noto Sans Telugu", "Noto Sans Thai",
)  # fmt: skip
_EAST_ASIAN = {
    "zh": "Noto Sans CJK SC",
    "zh-hant": "Noto Sans CJK TC",
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
}


def font_directories() -> list[Path]:
    """Return the distinct directories of the font files."""
    return list(dict.fromkeys(path.parent for path in font_files()))


def font_files() -> list[Path]:
    """Return all font files. Raise ExportError with the name of the package if one is missing."""
    found: list[Path] = []
    for package, name in _FILES:
        try:
            path = Path(str(files(package).joinpath(name)))
        except ModuleNotFoundError:
            raise ExportError(f"The font package {package} is not installed.") from None
        if not path.is_file():
            raise ExportError(f"The font package {package} has no file {name}.")
        found.append(path)
    return found


def families(east_asian: str = "") -> list[str]:
    """Return font families in the order of preference, for ideographs of the given language.

    `east_asian` is a result of `scripts.east_asian_language`. Empty means Chinese.
    """
    preferred = _EAST_ASIAN.get(east_asian, _EAST_ASIAN["zh"])
    others = [family for family in _EAST_ASIAN.values() if family != preferred]
    return [*_FAMILIES, preferred, *others]
