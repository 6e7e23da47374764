"""A file of the corpus, and the right answers about it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from common.audio.signals import ChannelMode
from tests.recordings.speech import DIANE, MARGIN, SHEILA, Utterance


@dataclass(frozen=True, kw_only=True)
class Said:
    """An utterance in a file, and the second of its first word."""

    utterance: Utterance
    first_word: float


#: What is heard in one signal.
Heard = tuple[Said, ...]


def diane(first_word: float = MARGIN) -> Said:
    """Return that Diane is heard from a second on: by default at the beginning."""
    return Said(utterance=DIANE, first_word=first_word)


def sheila(first_word: float = MARGIN) -> Said:
    """Return that Sheila is heard from a second on: by default at the beginning."""
    return Said(utterance=SHEILA, first_word=first_word)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file that is taken.

    `apart` is what each signal holds if channels are separate, and `decided` is the right decision
    of the automatic mode. `extension` is the usual one of the content, `length` in seconds. A
    truncated file is refused unless the caller allows it.
    """

    name: str
    make: Callable[[], bytes]
    apart: tuple[Heard, ...] = ((diane(),),)
    decided: ChannelMode = ChannelMode.MIX
    length: float = DIANE.length
    length_tolerance: float = 0.1
    extension: str = ""
    truncated: bool = False
    titles: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Extension of the content."""
        return self.extension or PurePosixPath(self.name).suffix.lstrip(".")

    def heard(self, mode: ChannelMode) -> tuple[Heard, ...]:
        """Return what each signal holds in a mode."""
        if mode is ChannelMode.SEPARATE or (
            mode is ChannelMode.AUTO and self.decided is ChannelMode.SEPARATE
        ):
            return self.apart
        mixed = {said for heard in self.apart for said in heard}
        return (tuple(sorted(mixed, key=lambda said: said.first_word)),)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A file that is not taken, however it is asked for."""

    name: str
    make: Callable[[], bytes]
