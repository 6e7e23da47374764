"""Names and other words that people type: cleaned, compared, searched."""

import re
import unicodedata

from common.errors import ValidationError

LONGEST_NAME = 255
_LABEL = re.compile(r"speaker[_ ]\d+")


def clean_name(value: str, field: str = "name") -> str:
    """A name as it is kept: composed characters, single blanks inside, none around.

    Raises:
        ValidationError: it is empty, too long, holds control characters, or looks like the label
            that an unnamed voice has in a transcript.
    """
    name = " ".join(unicodedata.normalize("NFC", value).split())
    if not name:
        raise ValidationError.of(field, "A name is needed.")
    if len(name) > LONGEST_NAME:
        raise ValidationError.of(field, f"Names must not exceed {LONGEST_NAME} characters.")
    # Invisible characters too: with them two names would look alike.
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise ValidationError.of(field, "Names must not contain control characters.")
    if _LABEL.fullmatch(name_key(name)):
        raise ValidationError.of(field, "A person cannot be named like the label of a voice.")
    return name


def name_key(name: str) -> str:
    """What two spellings of one name have in common: case and blanks do not count."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", " ".join(folded.split()))


def search_text(text: str) -> str:
    """Text as it is searched: neither case nor accents count."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def clean_text(value: str, field: str, longest: int) -> str:
    """A free text as it is kept.

    Raises:
        ValidationError: it is too long or holds control characters other than line breaks.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > longest:
        raise ValidationError.of(field, f"This must not exceed {longest} characters.")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\r\n\t" for char in text):
        raise ValidationError.of(field, "This must not contain control characters.")
    return text


def clean_language(value: str) -> str:
    """A language code as it is kept, empty when unknown.

    Raises:
        ValidationError: it is no code of two or three letters.
    """
    code = value.strip().lower()
    if code and re.fullmatch(r"[a-z]{2,3}", code) is None:
        raise ValidationError.of("language", "Write the language as a code, such as en.")
    return code
