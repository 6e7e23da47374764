"""Writing systems: words, line breaks, widths, and ends of sentences.

Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan have no blanks between words. Their lines
break between syllables, for which no dictionary is needed.
"""

import itertools
from collections.abc import Iterable, Iterator

import regex  # type: ignore[import-untyped]

_UNSPACED_SET = (
    r"[[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tibetan}\u3000-\u303f\u30a0-\u30ff\uff00-\uffef]--\p{Hangul}]"
)
_UNSPACED = regex.compile(_UNSPACED_SET, regex.VERSION1)
# Wide punctuation contains the blank next to it.
_WIDE_PUNCTUATION = regex.compile(r"[[\p{ea=W}\p{ea=F}]&&\p{P}]", regex.VERSION1)
# Punctuation that is spaced like the text around it.
_NEUTRAL = "“”‘’«»‹›…‥—–"

# A grapheme cluster, together with the vowel letters before and after a consonant.
_CLUSTER = regex.compile(r"\p{LOE}*\X[[\p{M}\p{InSC=Vowel_Dependent}]--\p{LOE}]*", regex.VERSION1)
# Classes of the Unicode Line Breaking Algorithm (UAX 14) that no line begins with, not even after a
# blank: closing punctuation, as in `Quoi ?`.
_CLOSING_SET = r"\p{lb=CL}\p{lb=CP}\p{lb=EX}\p{lb=IS}\p{lb=NS}\p{Pf}"
_CLOSING = regex.compile(f"[{_CLOSING_SET}]")
# Further classes without a break before them, and the signs of repetition and abbreviation that
# belong to the word before them.
_NO_START = regex.compile(
    rf"[[{_CLOSING_SET}\p{{lb=SY}}\p{{lb=CJ}}\p{{lb=IN}}\p{{lb=BA}}\p{{lb=B2}}\p{{lb=HY}}\p{{lb=PO}}"
    r"\p{lb=QU}\p{lb=GL}\p{lb=WJ}\p{lb=ZWJ}\p{M}\u0e2f\u0e46\u0eaf\u0ec6\u17d7\uaa70]--\p{Pi}]",
    regex.VERSION1,
)
# Those that no line ends with.
_NO_END = regex.compile(
    r"[[\p{lb=OP}\p{lb=PR}\p{lb=QU}\p{lb=GL}\p{lb=WJ}]--\p{Pf}]", regex.VERSION1
)
# Vowels that a final consonant follows, and the sign of a final consonant in Burmese.
_OPEN_SYLLABLE = regex.compile("[\u0e31\u0e37\u0eb1\u0ebb]")
_FINAL_CONSONANT = "\u103a"
_TIBETAN = regex.compile(r"\p{Tibetan}")
_TIBETAN_DELIMITER = regex.compile("[\u0f0b\u0f0d-\u0f11]")

_INVISIBLE = regex.compile(r"[\p{M}\p{Cf}\p{Cc}\p{Cs}\p{Zl}\p{Zp}]")
_WIDE = regex.compile(r"[\p{ea=W}\p{ea=F}]|\p{RI}{2}")
_EMOJI_VARIANT = "\ufe0f"

_CLOSERS = r"['\"\p{Pe}\p{Pf}\p{Pi}]*\s*$"
_SENTENCE_END = regex.compile(rf"[\p{{STerm}}…‥]{_CLOSERS}")
_CLAUSE_END = regex.compile(rf"[\p{{Terminal_Punctuation}}—–]{_CLOSERS}")

#: Context that decides whether two pieces of text share a cluster.
_CONTEXT = 16


def joined(texts: Iterable[str]) -> str:
    """Join passages by blanks, except within scripts that have none between words."""
    parts: list[str] = []
    last = ""
    for text in texts:
        piece = text.strip()
        if last and piece and needs_blank(last, piece):
            parts.append(" ")
        parts.append(piece)
        last = piece or last
    return "".join(parts)


def needs_blank(before: str, after: str) -> bool:
    """Return whether there is a blank between two passages of text."""
    last, first = before[-1:], after[:1]
    if _WIDE_PUNCTUATION.match(last) or _WIDE_PUNCTUATION.match(first):
        return False
    last = before.rstrip(_NEUTRAL)[-1:] or last
    first = after.lstrip(_NEUTRAL)[:1] or first
    return not (_UNSPACED.match(last) and _UNSPACED.match(first))


def count_words(text: str) -> int:
    """Count words. Each cluster counts as one in scripts without blanks between words."""
    clusters = _CLUSTER.findall(text) if _UNSPACED.search(text) else [text]
    single = [cluster for cluster in clusters if _UNSPACED.match(cluster)]
    rest = "".join(" " if _UNSPACED.match(cluster) else cluster for cluster in clusters)
    return sum(any(map(str.isalnum, word)) for word in (*single, *rest.split()))


def breaks(text: str) -> Iterator[int]:
    """Yield the positions where a new line may begin: after blanks, and in unspaced scripts.

    A line breaks neither in a cluster nor before closing punctuation nor after opening one. Words
    of other scripts stay whole.
    """
    position = 0
    before = ""
    for cluster in _CLUSTER.findall(text):
        if before and _may_break(before, cluster):
            yield position
        position += len(cluster)
        before = cluster


def pieces(text: str) -> list[str]:
    """Split a text without blanks where a new line may begin. Most texts stay whole.

    Example:
        >>> pieces("你好。")
        ['你', '好。']
    """
    places = [0, *breaks(text), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(places)]


def may_break(before: str, after: str) -> bool:
    """Return whether a line may end after one text and continue with another."""
    text = before[-_CONTEXT:] + after[:_CONTEXT]
    return min(len(before), _CONTEXT) in breaks(text)


def share_cluster(before: str, after: str) -> bool:
    """Return whether two pieces of text meet within a cluster, as a letter and its mark do."""
    end = min(len(before), _CONTEXT)
    position = 0
    for cluster in _CLUSTER.findall(before[-_CONTEXT:] + after[:_CONTEXT]):
        if position >= end:
            break
        position += len(cluster)
    return position != end


def _may_break(before: str, after: str) -> bool:
    if after[0].isspace() or _NO_END.match(before):
        return False
    if before[-1].isspace():
        return _CLOSING.match(after) is None
    if _NO_START.match(after):
        return False
    if _OPEN_SYLLABLE.search(before) or _FINAL_CONSONANT in after:
        return False
    if _TIBETAN.match(before) and _TIBETAN.match(after):
        return _TIBETAN_DELIMITER.match(before) is not None
    return bool(_UNSPACED.match(before) or _UNSPACED.match(after))


def cells(text: str) -> int:
    """Return the width of a text in cells, each as wide as a Latin letter.

    East Asian wide characters and emoji take two. Marks and format characters take none.
    """
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_cells_of, regex.findall(r"\X", text)))


def _cells_of(cluster: str) -> int:
    shown = _INVISIBLE.sub("", cluster)
    if shown and (_EMOJI_VARIANT in cluster or _WIDE.search(shown)):
        return 2
    return len(shown)


def ends_sentence(text: str) -> bool:
    """Return whether punctuation of any script ends a sentence at the end of a text."""
    return _SENTENCE_END.search(text) is not None


def ends_clause(text: str) -> bool:
    """Return whether punctuation of any script ends a sentence or a clause at the end of a text."""
    return _CLAUSE_END.search(text) is not None
