"""Characters of names of people and files: those forbidden, dropped, and kept.

Joiners between letters are kept, since Persian, Hindi and emoji need them. Characters that show
nothing and change nothing are dropped.
"""

import unicodedata

import regex  # type: ignore[import-untyped]

# Controls, unassigned characters, lone surrogates, and the controls of direction with which a name
# could reverse the rest of its line. The Unicode of the pattern is later than that of Python.
_FORBIDDEN_SET = r"\p{Cc}\p{Cn}\p{Cs}\u202a-\u202e\u2066-\u2069"
_FORBIDDEN = regex.compile(f"[{_FORBIDDEN_SET}]")
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}--\p{M}]", regex.VERSION1)
_TAGS = r"\U000e0020-\U000e007f"
# Unicode allows 32 tags, with the last one.
_MOST_TAGS = 31
# Ignorable characters, except for marks (among them the variants of emoji and ideographs), joiners,
# and tags after a flag.
_DROPPED = regex.compile(
    rf"""
    [\p{{Default_Ignorable_Code_Point}}--[\p{{M}}\u200c\u200d{_TAGS}{_FORBIDDEN_SET}]]
    | (?<! \U0001f3f4 [{_TAGS}]{{0,{_MOST_TAGS}}}) [{_TAGS}]
    """,
    regex.VERSION1 | regex.VERBOSE,
)
# Joiners that are not between two characters of a word or of an emoji.
_LOOSE_JOINERS = regex.compile(
    r"(?<![\p{L}\p{M}\p{N}\p{S}])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{N}\p{S}])"
)
_JOINERS = "\u200c\u200d"


def has_forbidden(text: str) -> bool:
    """Return whether a text contains characters forbidden in names."""
    return _FORBIDDEN.search(text) is not None


def without_forbidden(text: str) -> str:
    """Return the text without the characters forbidden in names."""
    return str(_FORBIDDEN.sub("", text))


def tidied(text: str) -> str:
    """Return the text in NFC, without invisible characters and surplus blanks.

    Every run of blanks becomes a single blank, no-break spaces and line breaks among them.
    """
    kept = _LOOSE_JOINERS.sub("", _DROPPED.sub("", text))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def shortened(text: str, longest: int) -> str:
    """Return at most the first `longest` characters of a tidied text, tidied again."""
    return text[:longest].rstrip(f" {_JOINERS}")


def visible(text: str) -> str:
    """Return the text without any invisible character, for comparisons and searches."""
    return str(_INVISIBLE.sub("", text))


def key(name: str) -> str:
    """Return the form in which spellings of one name are equal.

    Case, blanks and invisible characters do not matter: names that look alike have equal keys.
    """
    folded = visible(unicodedata.normalize("NFC", name).casefold())
    return " ".join(unicodedata.normalize("NFC", folded).split())
