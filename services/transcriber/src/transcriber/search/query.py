"""The language of queries: words, "phrases", -exclusions, and OR."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

from common.errors import ValidationError
from transcriber.search import folding

LONGEST_QUERY = 500
MOST_TERMS = 32
#: Longer runs of scripts without blanks are searched for pair by pair.
_LONGEST_RUN = 4
_QUOTES = '"“”„‟«»「」『』'
_PART = regex.compile(
    rf"(?P<minus>(?<!\S)[-−–](?=\S))?(?:[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}]"
    rf"|(?P<word>[^\s{_QUOTES}]+)|[{_QUOTES}])"
)
_OR = {"OR", "|", "||"}
_CAPITALS = range(2, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or, with `exact`, a phrase: its folded text, and the text as it was written.

    An abbreviation is a word in capitals. It counts even as a filler word (`IT`).
    """

    folded: str
    written: str
    exact: bool = False
    abbreviation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query. One alternative of a group is enough for it.

    Hits contain all `required` phrases and none of the `excluded` ones. Groups of words are soft:
    hits with more of them, and rarer ones, come first.
    """

    text: str
    groups: Sequence[Sequence[Term]]
    required: Sequence[str]
    excluded: Sequence[str]

    @property
    def terms(self) -> list[Term]:
        """All terms of all groups."""
        return [term for group in self.groups for term in group]


def parse(text: str) -> Query:
    """Parse a query.

    Raises:
        ValidationError: it is too long, or has nothing to search for.
    """
    if len(text) > LONGEST_QUERY:
        raise ValidationError.of("q", f"The query must not exceed {LONGEST_QUERY} characters.")
    groups, excluded = _groups(unicodedata.normalize("NFC", text.replace("\0", " ")))
    if not groups:
        raise ValidationError.of(
            "q",
            "The query needs at least one word to search for, of letters or digits."
            if not excluded
            else "The query needs at least one word to search for besides excluded ones.",
        )
    if sum(map(len, groups)) > MOST_TERMS:
        raise ValidationError.of("q", f"The query must not exceed {MOST_TERMS} words.")
    positive = " ".join(term.written for group in groups for term in group)
    return Query(
        text=positive,
        groups=_pieces(groups),
        required=tuple(group[0].folded for group in groups if len(group) == 1 and group[0].exact),
        excluded=tuple(excluded),
    )


def _groups(text: str) -> tuple[list[list[Term]], list[str]]:
    groups: list[list[Term]] = []
    excluded: list[str] = []
    joining = excluding = False
    shouted = text.upper() == text
    for found in _PART.finditer(text):
        word, phrase = found.group("word"), found.group("phrase")
        if word in _OR and not found.group("minus"):
            joining = bool(groups) and not excluding
            continue
        if found.group("minus"):
            needle = folding.needle(phrase or word or "")
            excluded += [needle] if needle else []
            joining, excluding = False, True
            continue
        terms = _phrase(phrase) if phrase is not None else _words(word or "", shouted)
        if terms and joining:
            groups[-1].append(terms[0])
            groups += [[term] for term in terms[1:]]
        else:
            groups += [[term] for term in terms]
        joining, excluding = joining and not terms, excluding and not terms
    return groups, excluded


def _phrase(text: str) -> list[Term]:
    needle = folding.needle(text)
    return [Term(folded=needle, written=text.strip(), exact=True)] if needle else []


def _words(text: str, shouted: bool) -> list[Term]:
    return [
        Term(
            folded=token.folded,
            written=text[token.start : token.end],
            abbreviation=not shouted
            and len(token.folded) in _CAPITALS
            and text[token.start : token.end].isupper(),
        )
        for token in folding.tokens(text)
    ]


def _pieces(groups: Sequence[Sequence[Term]]) -> list[list[Term]]:
    """Divide long runs of scripts without blanks into pairs. Nobody says them to the letter."""
    pieces: list[list[Term]] = []
    for group in groups:
        term = group[0]
        if len(group) > 1 or term.exact or not folding.is_dense(term.folded):
            pieces.append(list(group))
        elif len(term.folded) <= _LONGEST_RUN:
            pieces.append([term])
        else:
            pieces += [[Term(folded=pair, written=pair)] for pair in folding.pairs(term.folded)]
    return pieces[: 2 * MOST_TERMS]
