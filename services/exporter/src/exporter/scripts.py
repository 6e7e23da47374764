"""Scripts of texts: direction, East Asian language, and coverage by the embedded fonts."""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum


class Direction(StrEnum):
    """Base direction of a line."""

    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"


def direction(text: str) -> Direction:
    """Return the direction of most letters, left to right for a text without letters."""
    leftward = rightward = 0
    for character in text:
        # Latin, Greek and Cyrillic, by far the most common, need no look-up.
        if character < "\u0590":
            rightward += character.isalpha()
            continue
        kind = unicodedata.bidirectional(character)
        leftward += kind in {"R", "AL"}
        rightward += kind == "L"
    return Direction.RIGHT_TO_LEFT if leftward > rightward else Direction.LEFT_TO_RIGHT


def is_arabic(text: str) -> bool:
    """Return whether the text contains Arabic script."""
    return any(
        "\u0600" <= c <= "\u06ff" or "\u0750" <= c <= "\u077f" or "\ufb50" <= c <= "\ufefc"
        for c in text
    )


def east_asian_language(text: str, language: str) -> str:
    """Return the language for the shapes of ideographs: `ja`, `ko`, `zh` or `zh-hant`.

    Kana and Hangul in the text take precedence over the given language code. The result is empty
    for a text without any of these characters.
    """
    ideographs = False
    for character in text:
        if "\u3040" <= character <= "\u30ff":
            return "ja"
        if "\uac00" <= character <= "\ud7a3" or "\u1100" <= character <= "\u11ff":
            return "ko"
        ideographs = ideographs or "\u2e80" <= character <= "\u9fff" or character >= "\U00020000"
    if not ideographs:
        return ""
    code = language.lower().replace("_", "-")
    if code.startswith(("ja", "ko")):
        return code[:2]
    if code in {"yue", "zh-hant", "zh-tw", "zh-hk"}:
        return "zh-hant"
    return "zh"


# Unicode blocks covered by the embedded fonts.
_COVERED = (
    (0x0000, 0x052F),  # Latin, IPA, marks, Greek, Cyrillic
    (0x0590, 0x06FF),  # Hebrew, Arabic
    (0x0750, 0x077F),  # Arabic supplement
    (0x0900, 0x09FF),  # Devanagari, Bengali
    (0x0B80, 0x0C7F),  # Tamil, Telugu
    (0x0E00, 0x0E7F),  # Thai
    (0x1100, 0x11FF),  # Hangul letters
    (0x1C80, 0x1C8F),  # Cyrillic extended
    (0x1D00, 0x1FFF),  # phonetic, Latin additional, Greek extended
    (0x2000, 0x2BFF),  # punctuation, currency, symbols, arrows
    (0x2C60, 0x2C7F),  # Latin extended
    (0x2DE0, 0x9FFF),  # Cyrillic extended, CJK
    (0xA640, 0xA69F),  # Cyrillic extended
    (0xA720, 0xA7FF),  # Latin extended
    (0xA8E0, 0xA8FF),  # Devanagari extended
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # CJK
    (0xFB00, 0xFB06),  # Latin ligatures
    (0xFB1D, 0xFDFF),  # Hebrew and Arabic forms
    (0xFE10, 0xFFEF),  # CJK, Arabic and wide forms
    (0x20000, 0x323AF),  # CJK extensions
)


def scripts_without_font(texts: Iterable[str]) -> list[str]:
    """Return the names of scripts without an embedded font, such as `Georgian`."""
    characters: set[str] = set()
    for text in texts:
        characters.update(text)
    found: set[str] = set()
    for character in characters:
        code = ord(character)
        if any(first <= code <= last for first, last in _COVERED):
            continue
        name = unicodedata.name(character, "")
        found.add(name.split()[0].capitalize() if character.isalpha() and name else "Symbols")
    return sorted(found)
