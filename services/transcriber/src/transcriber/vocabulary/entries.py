"""Terms and corrections of a workspace, and their rules."""

import datetime as dt
from dataclasses import dataclass

from common import characters, languages
from common.errors import ValidationError
from transcriber.domain.options import LONGEST_PHRASE
from transcriber.vocabulary import units

MOST_TERMS = 2000
MOST_CORRECTIONS = 2000
LONGEST = LONGEST_PHRASE
MOST_WORDS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTerm:
    """A possible word or name. Without a language, it belongs to all of them."""

    text: str
    language: str = ""

    @property
    def key(self) -> str:
        """Common form of all spellings of the term."""
        return characters.key(self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCorrection:
    """Words to write in place of heard words.

    Without a language, segments in all languages are corrected.
    """

    heard: str
    meant: str
    language: str = ""
    match_case: bool = False

    @property
    def key(self) -> str:
        """Common form of all spellings of the heard words."""
        return units.key(self.heard, match_case=self.match_case)


@dataclass(frozen=True, kw_only=True, slots=True)
class Term(NewTerm):
    """A stored term. `transcripts` counts transcripts with it."""

    id: int
    transcripts: int
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction(NewCorrection):
    """A stored correction. `uses` counts the changed places."""

    id: int
    uses: int
    created_at: dt.datetime


def term(text: str, language: str) -> NewTerm:
    """Return a checked term.

    Raises:
        ValidationError: the text is empty, too long or malformed, or the language is unknown.
    """
    checked = _text("text", text)
    if "," in checked:
        raise ValidationError.of("text", "A term must not contain a comma. Add one term each.")
    return NewTerm(text=checked, language=languages.requested(language))


def correction(heard: str, meant: str, language: str, *, match_case: bool) -> NewCorrection:
    """Return a checked correction.

    Raises:
        ValidationError: a text is empty, too long or malformed, or both are the same.
    """
    checked = NewCorrection(
        heard=_text("heard", heard),
        meant=_text("meant", meant),
        language=languages.requested(language),
        match_case=match_case,
    )
    if not units.is_whole(checked.heard):
        raise ValidationError.of(
            "heard", "heard must begin and end with a letter or a digit, without punctuation."
        )
    if checked.heard == checked.meant:
        raise ValidationError.of("meant", "heard and meant are the same.")
    return checked


def _text(field: str, text: str) -> str:
    tidy = characters.tidied(text)
    if not any(map(str.isalnum, tidy)):
        raise ValidationError.of(field, f"{field} must have a letter or a digit.")
    if len(tidy) > LONGEST:
        raise ValidationError.of(field, f"{field} must not exceed {LONGEST} characters.")
    if len(tidy.split()) > MOST_WORDS:
        raise ValidationError.of(field, f"{field} must not exceed {MOST_WORDS} words.")
    if characters.has_forbidden(tidy):
        raise ValidationError.of(field, f"{field} must not contain control characters.")
    return tidy
