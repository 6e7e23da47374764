"""WAV files (RIFF, RIFX, RF64, BW64 and Wave64) read without trust in any single field.

Recorders losing power leave placeholders as sizes, and encoders write wrong ones. FFmpeg would
believe them. So the sound is located here. `wav_repair` puts it behind a correct header.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from common.audio.placeholders import is_placeholder
from common.audio.seekable import Seekable
from common.audio.wav_chunks import (
    Chunk,
    Dialect,
    chunks_before_sound,
    chunks_behind,
    dialect_at,
)
from common.audio.wav_form import WavForm

#: The chunks behind the sound are rarely longer, in bytes.
_MOST_METADATA = 1 << 26
_LONGEST_FORM = 4_096
#: Tags of players that may follow the last chunk.
_TAGS = (b"ID3", b"TAG", b"APETAGEX")
_MOST_WAVES = 1_000
_CHUNK = 1 << 20
_UNKNOWN = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True, slots=True)
class Wav:
    """The sound in a WAV file.

    `pieces` are the bytes at which its parts begin and end. `declared` is the size in bytes that
    the header states, if it is credible. `fact` is the stated number of samples.
    """

    form: WavForm
    pieces: tuple[tuple[int, int], ...]
    declared: int | None = None
    fact: int | None = None

    @property
    def size(self) -> int:
        """Bytes of sound actually there."""
        return _length(self.pieces)

    @property
    def duration(self) -> float:
        """Seconds of sound actually there, 0 if only decoding can tell."""
        return self.form.seconds(self.size, self.fact)

    @property
    def declared_duration(self) -> float | None:
        """Seconds stated by the header, if credible."""
        if self.declared is None:
            return None
        return self.form.seconds(self.declared, self.fact) or None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """What precedes the sound: the chunk with it, its stated size, and where all claims to end."""

    dialect: Dialect
    data: Chunk
    size: int
    claimed_end: int
    form: WavForm
    fact: int | None


def read_wav(file: Seekable) -> Wav | None:
    """Return where the sound of a WAV file is, None if its header describes none.

    Joined files of one format become one, others are left out. The position in the file changes.
    """
    end = file.seek(0, 2)
    wav, following = _read_one(file, 0, end)
    for _ in range(_MOST_WAVES):
        if wav is None or following is None:
            return wav
        more, next_following = _read_one(file, following, end)
        if more is None or more.form != wav.form:
            return wav
        both = None not in {wav.declared, more.declared}
        wav = replace(
            wav,
            pieces=wav.pieces + more.pieces,
            declared=(wav.declared or 0) + (more.declared or 0) if both else None,
            fact=(wav.fact or 0) + (more.fact or 0) or None,
        )
        following = next_following
    return wav


def wav_starts(file: Seekable) -> Iterator[int]:
    """Yield where WAV files of different formats begin in a file of joined ones."""
    end = file.seek(0, 2)
    start: int | None = 0
    form: WavForm | None = None
    for _ in range(_MOST_WAVES):
        if start is None:
            return
        wav, following = _read_one(file, start, end)
        if wav is None:
            return
        if wav.form != form:
            yield start
        start, form = following, wav.form


def _read_one(file: Seekable, start: int, end: int) -> tuple[Wav | None, int | None]:
    """Return the WAV file at `start`, and where another one begins behind it."""
    head = _head(file, start, end)
    if head is None:
        return None, None
    pieces, is_declared, following = _locate(file, head, end)
    wav = Wav(
        form=head.form,
        pieces=tuple(_whole_blocks(piece, head.form) for piece in pieces),
        declared=head.size + _length(pieces[1:]) if is_declared else None,
        fact=head.fact,
    )
    return wav, following


def _head(file: Seekable, start: int, end: int) -> _Head | None:
    found = dialect_at(file, start)
    if found is None:
        return None
    dialect, claimed_end = found
    form, fact, long_size = None, None, None
    for chunk in chunks_before_sound(file, start + dialect.head, end, dialect):
        file.seek(chunk.begin)
        if chunk.name == b"fmt ":
            form = WavForm.parse(file.read(min(chunk.size, _LONGEST_FORM)), dialect.order)
        elif chunk.name == b"fact" and chunk.size >= 4:
            fact = int.from_bytes(file.read(4), "little" if dialect.order == "<" else "big")
        elif chunk.name == b"ds64" and chunk.size >= 16:
            whole, long_size = struct.unpack("<QQ", file.read(16).ljust(16, b"\0"))
            claimed_end = start + 8 + whole
        elif chunk.name == b"data" and form is not None:
            size = chunk.size if long_size is None or chunk.size != _UNKNOWN else long_size
            return _Head(
                dialect=dialect,
                data=chunk,
                size=size,
                claimed_end=claimed_end,
                form=form,
                fact=fact,
            )
    return None


def _locate(
    file: Seekable, head: _Head, end: int
) -> tuple[list[tuple[int, int]], bool, int | None]:
    """Return the pieces of sound, whether their size is as stated, and the next WAV file."""
    begin = head.data.begin
    if _is_impossible(head, end):
        return [(begin, _without_tag(file, begin, end))], False, None
    stated_end = begin + head.size
    if stated_end > end:
        return [(begin, end)], True, None
    for place in dict.fromkeys((stated_end + -head.size % head.dialect.align, stated_end)):
        behind = _behind(file, place, end, head.dialect)
        if behind is not None:
            pieces, following = behind
            return [(begin, stated_end), *pieces], True, following
    # Sound that the recorder had no time to count.
    return [(begin, _without_tag(file, begin, end))], False, None


def _is_impossible(head: _Head, end: int) -> bool:
    """Return whether the stated size cannot be one."""
    available = end - head.data.begin
    if head.size <= available:
        return False
    stated_end = head.data.begin + head.size
    is_partial = head.form.is_linear and head.size % head.form.block != 0
    return (
        is_partial
        or is_placeholder(head.size)
        or not stated_end <= head.claimed_end + 1 <= stated_end + _MOST_METADATA
    )


def _behind(
    file: Seekable, place: int, end: int, dialect: Dialect
) -> tuple[list[tuple[int, int]], int | None] | None:
    """Return further pieces of sound and the next WAV file, None if chunks end before the file."""
    if end - place <= 1 or _is_tag_or_padding(file, place, end):
        return [], None
    behind = chunks_behind(file, place, end, dialect)
    if behind is None:
        return None
    chunks, following = behind
    pieces = [(chunk.begin, chunk.end) for chunk in chunks if chunk.name == b"data"]
    return pieces, following if following < end else None


def _is_tag_or_padding(file: Seekable, place: int, end: int) -> bool:
    file.seek(place)
    if file.read(8).startswith(_TAGS):
        return True
    file.seek(place)
    while place < end:
        data = file.read(min(_CHUNK, end - place))
        if not data or data.strip(b"\0"):
            return not data
        place += len(data)
    return True


def _without_tag(file: Seekable, begin: int, end: int) -> int:
    """Return where sound ends that goes on to the end of the file, or to a tag of 128 bytes."""
    if end - begin < 128:
        return end
    file.seek(end - 128)
    return end - 128 if file.read(3) == b"TAG" else end


def _length(pieces: Iterable[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in pieces)


def _whole_blocks(piece: tuple[int, int], form: WavForm) -> tuple[int, int]:
    begin, end = piece
    return (begin, end - (end - begin) % form.block) if form.is_linear else piece
