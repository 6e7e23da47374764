"""Tokens of Moonshine models, and words made up of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Token before the text, and the one after it.
BEGIN, END = 1, 2

#: Stands for a blank in the tokens.
_BLANK = "▁"
_PUNCTUATION = frozenset(".,;:!?…\"')]}»”’-—")
#: Lengths from this on take two bytes.
_LONG = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenWord:
    """Word of the tokens from `start` to `end`. Those from `core_end` on are punctuation."""

    text: str
    start: int
    core_end: int
    end: int


class Vocabulary:
    """Tokens by their numbers."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = tuple(_bytes(piece) for piece in pieces)

    @classmethod
    def read(cls, path: Path) -> "Vocabulary":
        """Read a file of tokens, each preceded by its length."""
        content, pieces, at = path.read_bytes(), [], 0
        while at < len(content):
            length, at = content[at], at + 1
            if length >= _LONG:
                length, at = content[at] * _LONG + length - _LONG, at + 1
            pieces.append(content[at : at + length])
            at += length
        return cls(pieces)

    def words(self, tokens: Sequence[int]) -> list[TokenWord]:
        """Return the words of a text, with their punctuation."""
        found: list[TokenWord] = []
        starts = [
            place
            for place, token in enumerate(tokens)
            if place == 0 or self._pieces[token].startswith(_BLANK.encode())
        ]
        for start, end in itertools.pairwise([*starts, len(tokens)]):
            text = self._text(tokens[start:end])
            core = end
            while core > start + 1 and _PUNCTUATION.issuperset(self._text(tokens[core - 1 : core])):
                core -= 1
            if text:
                found.append(TokenWord(text=text, start=start, core_end=core, end=end))
        return found

    def spoken_length(self, tokens: Sequence[int]) -> int:
        """Return the number of tokens without the punctuation at the end of a text."""
        words = self.words(tokens)
        return words[-1].core_end if words else len(tokens)

    def _text(self, tokens: Sequence[int]) -> str:
        raw = b"".join(self._pieces[token] for token in tokens)
        return raw.decode("utf-8", "replace").replace(_BLANK, " ").strip()


def _bytes(piece: bytes) -> bytes:
    """Return the bytes of a token. `<0xE2>` stands for a byte of a rare character."""
    is_byte = len(piece) == len(b"<0xE2>") and piece.startswith(b"<0x")
    return bytes.fromhex(piece[3:5].decode()) if is_byte else piece
