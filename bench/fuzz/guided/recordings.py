"""Recordings: our own readers of containers, and whole examinations."""

import io
from collections.abc import Callable, Iterator
from functools import partial

from bench.fuzz.guided.parser import Parser
from common.audio import joints, ogg
from common.audio.aiff import repaired_aiff
from common.audio.completeness import asf_properties, lacks_index, mp3_counts, stated_end
from common.audio.detection import detect, sniff
from common.audio.errors import AudioError
from common.audio.kinds import AudioKind
from common.audio.mpeg_clocks import program_starts, transport_starts
from common.audio.ogg_flac import flac_begin
from common.audio.probe import probe
from common.audio.seekable import Seekable
from common.audio.wav import read_wav, wav_starts
from common.audio.wav_repair import repaired
from securetranscribe.cli import live_sound
from transcriber.live.stream_length import sound_seconds

_LONGEST = 32_768
_PARTS = 1_000


def _detected(data: bytes) -> None:
    found = detect(io.BytesIO(data))
    assert found is None or 0 <= found.start < len(data)
    assert found is None or sniff(data) is found.kind


def _wave(data: bytes) -> None:
    file = io.BytesIO(data)
    wav = read_wav(file)
    starts = list(wav_starts(file))
    assert starts == sorted(starts)
    assert len(starts) <= _PARTS
    if wav is None:
        return
    assert all(0 <= begin <= len(data) for begin, _ in wav.pieces)
    assert 0 <= wav.size <= len(data)
    assert wav.duration >= 0
    assert (wav.declared_duration or 0) >= 0
    _read_through(repaired(wav, file)[1], most=2 * len(data) + _LONGEST)


def _aiff(data: bytes) -> None:
    changed = repaired_aiff(io.BytesIO(data))
    if changed is not None:
        _read_through(changed, most=len(data) + 64)


def _read_through(file: Seekable, *, most: int) -> None:
    """Read a file by pieces as FFmpeg does. It has at most so many bytes."""
    size = file.seek(0, io.SEEK_END)
    assert 0 <= size <= most
    file.seek(0)
    found = 0
    while piece := file.read(4_096):
        found += len(piece)
    assert found <= size


def _ogg(data: bytes) -> None:
    assert _cover(ogg.links(io.BytesIO(data)), len(data))
    assert flac_begin(io.BytesIO(data)) >= 0


def _joints(data: bytes) -> None:
    """Look for joined files in every kind of file."""
    for kind in AudioKind:
        assert _cover(joints.sections(io.BytesIO(data), kind), len(data))


def _cover(sections: list[tuple[int, int]], size: int) -> bool:
    """Return whether sections are in order, next to each other, and cover a file."""
    ends = [end for _, end in sections]
    return (
        [begin for begin, _ in sections] == [0, *ends[:-1]]
        and ends == sorted(ends)
        and ends[-1] == size
    )


def _clocks(data: bytes, starts: Callable[[Seekable], Iterator[int]]) -> None:
    found = list(starts(io.BytesIO(data)))
    assert found[0] == 0
    assert found == sorted(found)


def _stated(data: bytes) -> None:
    """Read the size that a file states as each kind of file."""
    file = io.BytesIO(data)
    for kind in AudioKind:
        assert (stated_end(file, kind) or 0) >= 0
    lacks_index(file)
    mp3_counts(data)
    asf_properties(data)


def _probed(data: bytes) -> None:
    found = probe(io.BytesIO(data), allow_truncated=True)
    assert found.duration >= 0
    assert found.sample_rate > 0


def _streamed(data: bytes) -> None:
    assert sound_seconds(io.BytesIO(data)) >= 0


def _piped(data: bytes) -> None:
    """Read the sound that the command line is given by a pipe."""
    file = io.BytesIO(data)
    sound = live_sound.opened(file, encoding="linear16", sample_rate=None, channel_count=1)
    for _ in zip(range(_PARTS), sound.pieces(file), strict=False):
        pass


PARSERS = (
    Parser(name="recordings.kind", parse=_detected, longest=_LONGEST),
    Parser(name="recordings.wav", parse=_wave),
    Parser(name="recordings.aiff", parse=_aiff),
    Parser(name="recordings.ogg", parse=_ogg, longest=_LONGEST),
    Parser(
        name="recordings.transport-clocks",
        parse=partial(_clocks, starts=transport_starts),
        longest=_LONGEST,
    ),
    Parser(
        name="recordings.program-clocks",
        parse=partial(_clocks, starts=program_starts),
    ),
    Parser(name="recordings.joints", parse=_joints, longest=_LONGEST),
    Parser(name="recordings.stated-size", parse=_stated),
    Parser(
        name="recordings.examination",
        parse=_probed,
        allowed=(AudioError,),
        longest=_LONGEST,
    ),
    Parser(
        name="recordings.live-stream",
        parse=_streamed,
        longest=_LONGEST,
    ),
    Parser(
        name="recordings.pipe",
        parse=_piped,
        allowed=(live_sound.UnknownSoundError,),
    ),
)
