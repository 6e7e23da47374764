"""Where the embedded fonts are: files inside installed packages, never a download.

Every family is under the SIL Open Font License 1.1.
"""

from importlib.resources import files
from pathlib import Path

from common.errors import ExportError

# The file of each family, as package and path inside it.
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

# Noto Sans Arabic is not among them: it draws letters and their dots as separate glyphs, and what
# is copied out of the PDF then repeats letters. Amiri has a glyph a letter.
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
    """The directories that hold the font files, each once, for a typesetter that takes those."""
    return list(dict.fromkeys(path.parent for path in font_files()))


def font_files() -> list[Path]:
    """All font files. Raises ExportError that names the package where one is missing."""
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
    """Family names in the order to look for a glyph, the ideographs of the given language first.

    `east_asian` is as `exporter.scripts.east_asian_language` gives it; empty means Chinese.
    """
    preferred = _EAST_ASIAN.get(east_asian, _EAST_ASIAN["zh"])
    others = [family for family in _EAST_ASIAN.values() if family != preferred]
    return [*_FAMILIES, preferred, *others]
