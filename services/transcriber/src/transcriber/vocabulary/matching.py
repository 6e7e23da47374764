"""Search of corrections in texts, in a time linear in their length."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from transcriber.editing.replacement import Found
from transcriber.vocabulary import units
from transcriber.vocabulary.entries import NewCorrection
from transcriber.vocabulary.units import Unit

Some = TypeVar("Some", bound=NewCorrection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Found, Generic[Some]):
    """A place where a correction applies."""

    correction: Some


class Matcher(Generic[Some]):
    """Finds whole words to correct.

    At each place the correction of most words counts. Of several for the same words, one with
    its case goes first, then one for the language of the text. Places do not overlap, and
    written text is not searched again.
    """

    def __init__(self, corrections: Iterable[Some]) -> None:
        self._lengths: dict[str, set[int]] = {}
        self._found: dict[tuple[str, ...], list[Some]] = {}
        for correction in corrections:
            heard = units.split(correction.heard)
            folded = units.sequence(heard, match_case=False)
            self._lengths.setdefault(folded[0], set()).add(len(heard))
            self._found.setdefault(folded, []).append(correction)

    def __bool__(self) -> bool:
        return bool(self._found)

    def finds(self, text: str) -> bool:
        """Return whether a text of any language has words to correct."""
        return next(self.heard(text, ""), None) is not None

    def matches(self, text: str, language: str) -> Iterator[Match[Some]]:
        """Yield the places to correct in a text of a language, in order."""
        for start, end, correction in self.heard(text, language):
            written = _written(correction, text[start:end])
            if written != text[start:end]:
                yield Match(start=start, end=end, text=written, correction=correction)

    def heard(self, text: str, language: str) -> Iterator[tuple[int, int, Some]]:
        """Yield the places of words to correct, in order.

        An empty language stands for all.
        """
        found = units.split(text)
        place = 0
        while place < len(found):
            match = self._at(found, place, language)
            if match is None:
                place += 1
                continue
            length, correction = match
            yield found[place].start, found[place + length - 1].end, correction
            place += length

    def _at(self, found: Sequence[Unit], place: int, language: str) -> tuple[int, Some] | None:
        lengths = self._lengths.get(found[place].folded, ())
        for length in sorted(lengths, reverse=True):
            heard = list(found[place : place + length])
            if len(heard) < length:
                continue
            fitting = [
                correction
                for correction in self._found.get(units.sequence(heard, match_case=False), ())
                if correction.language in {"", language} and _case_fits(correction, heard)
            ]
            if fitting:
                best = max(fitting, key=lambda item: (item.match_case, bool(item.language)))
                return length, best
        return None


def _case_fits(correction: NewCorrection, heard: list[Unit]) -> bool:
    if not correction.match_case:
        return True
    wanted = units.sequence(units.split(correction.heard), match_case=True)
    return wanted == units.sequence(heard, match_case=True)


def _written(correction: NewCorrection, heard: str) -> str:
    """Return the text to write. Without capitals of its own, it takes the first one of the text."""
    meant = correction.meant
    if correction.match_case or meant != meant.lower() or heard[:1] == heard[:1].lower():
        return meant
    return meant[:1].upper() + meant[1:]
