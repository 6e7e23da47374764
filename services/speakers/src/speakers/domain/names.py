"""Normalization and validation of names and free text."""

import re
import unicodedata

from common import characters
from common.errors import ValidationError

LONGEST_NAME = 255
_LABEL = re.compile(r"speaker[_ ]\d+")


def clean_name(value: str, field: str = "name") -> str:
    """Return a name in stored form: NFC, with single spaces and without invisible characters.

    Raises:
        ValidationError: The name is empty, too long, contains control characters, or has the form
            of a label of an unnamed voice (`Speaker_1`).
    """
    name = characters.tidied(value)
    if not name:
        raise ValidationError.of(field, "The name is required.")
    if len(name) > LONGEST_NAME:
        raise ValidationError.of(field, f"Names must not exceed {LONGEST_NAME} characters.")
    if characters.has_forbidden(name):
        raise ValidationError.of(field, "Names must not contain control characters.")
    if _LABEL.fullmatch(name_key(name)):
        raise ValidationError.of(field, "Names such as Speaker_1 are reserved for unnamed voices.")
    return name


def name_key(name: str) -> str:
    """Return the comparison key of a name. Case, whitespace and joiners do not matter."""
    return characters.key(name)


def search_text(text: str) -> str:
    """Return text in searchable form, without case, accents and joiners."""
    decomposed = unicodedata.normalize("NFKD", characters.visible(text.casefold()))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def clean_text(value: str, field: str, longest: int) -> str:
    """Return free text in stored form: NFC, without surrounding whitespace.

    Raises:
        ValidationError: The text is longer than `longest` characters or contains control characters
            other than line breaks and tabs.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > longest:
        raise ValidationError.of(field, f"This must not exceed {longest} characters.")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\r\n\t" for char in text):
        raise ValidationError.of(field, "This must not contain control characters.")
    return text
