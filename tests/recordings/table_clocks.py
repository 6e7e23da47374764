"""Clocks: sound that begins after the picture, files that do not begin at zero, and gaps."""

from functools import partial

import numpy as np

from tests.recordings.case import Case, diane, sheila
from tests.recordings.containers import Picture, Track, mux
from tests.recordings.speech import DIANE, MARGIN, SHEILA

_GAP = 2.0

#: Name, muxer, codec of the sound and of the picture, and seconds of picture before the sound.
_LATE = (
    ("late_2.mp4", "mp4", "aac", "libx264", 2.0),
    ("late_4.mp4", "mp4", "aac", "mpeg4", 4.0),
    ("late_30.mp4", "mp4", "aac", "mpeg4", 30.0),
    ("late_4.mov", "mov", "pcm_s16le", "mjpeg", 4.0),
    ("late_2.mkv", "matroska", "libopus", "mpeg4", 2.0),
    ("late_30.mkv", "matroska", "aac", "mpeg4", 30.0),
    ("late_4.webm", "webm", "libopus", "libvpx", 4.0),
    ("late_4.ts", "mpegts", "aac", "mpeg2video", 4.0),
    ("late_4.flv", "flv", "aac", "flv", 4.0),
    ("late_4.wmv", "asf", "wmav2", "wmv2", 4.0),
    ("late_4.mpg", "mpeg", "mp2", "mpeg2video", 4.0),
)
#: Name, muxer, codec, and the time stamp of the first sound.
_OFFSET = (
    ("from_2.webm", "webm", "libopus", 2.0),
    ("from_4.webm", "webm", "libopus", 4.0),
    ("from_30.webm", "webm", "libopus", 30.0),
    ("from_4.mkv", "matroska", "aac", 4.0),
    ("from_30.mka", "matroska", "flac", 30.0),
    ("from_2.ogg", "ogg", "libopus", 2.0),
    ("from_4.ogg", "ogg", "libopus", 4.0),
    ("from_30.ogg", "ogg", "libopus", 30.0),
    ("from_30.oga", "ogg", "flac", 30.0),
    ("from_4.wma", "asf", "wmav2", 4.0),
    ("from_30.wma", "asf", "wmav2", 30.0),
    ("from_4.m4a", "ipod", "aac", 4.0),
    ("from_30.mp4", "mp4", "aac", 30.0),
    ("from_4.mov", "mov", "pcm_s16le", 4.0),
    ("from_4.ts", "mpegts", "aac", 4.0),
    ("from_30.ts", "mpegts", "mp2", 30.0),
    ("from_30.flv", "flv", "aac", 30.0),
)
#: Name, muxer and codec of files that lost packets.
_GAPS = (
    ("gap.webm", "webm", "libopus"),
    ("gap.mkv", "matroska", "aac"),
    ("gap.mp4", "mp4", "aac"),
    ("gap.ts", "mpegts", "aac"),
    ("gap.flv", "flv", "aac"),
    ("gap.wma", "asf", "wmav2"),
)


def _film(
    container: str, codec: str, picture: str, late: float, options: dict[str, str] | None = None
) -> bytes:
    """Return a film whose sound begins some seconds after the picture."""
    return mux(
        container,
        Track(samples=DIANE.at(48_000), codec=codec, rate=48_000, begins=late),
        picture=Picture(seconds=late + 5, codec=picture),
        options=options,
    )


def _beginning_at(
    container: str, codec: str, begins: float, options: dict[str, str] | None = None
) -> bytes:
    """Return sound alone whose time stamps begin at some seconds."""
    track = Track(samples=DIANE.at(48_000), codec=codec, rate=48_000, begins=begins)
    return mux(container, track, options=options)


def _with_gap(container: str, codec: str) -> bytes:
    """Return one voice, a gap without packets, and another voice."""
    silence = np.zeros(round(_GAP * 48_000), np.float32)
    samples = np.concatenate([DIANE.at(48_000), silence, SHEILA.at(48_000)])
    dropped = (DIANE.length, DIANE.length + _GAP)
    return mux(container, Track(samples=samples, codec=codec, rate=48_000, dropped=dropped))


_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

CLOCKS = (
    *(
        Case(
            name=name,
            make=partial(_film, container, codec, picture, late),
            apart=((diane(late + MARGIN),),),
            length=late + DIANE.length,
        )
        for name, container, codec, picture, late in _LATE
    ),
    Case(
        name="late_4_fragmented.mp4",
        make=partial(_film, "mp4", "aac", "mpeg4", 4.0, _FRAGMENTS),
        apart=((diane(4.0 + MARGIN),),),
        length=4.0 + DIANE.length,
    ),
    *(
        Case(name=name, make=partial(_beginning_at, container, codec, begins))
        for name, container, codec, begins in _OFFSET
    ),
    Case(name="fragmented.mp4", make=partial(_beginning_at, "mp4", "aac", 0.0, _FRAGMENTS)),
    Case(name="from_4_fragmented.mp4", make=partial(_beginning_at, "mp4", "aac", 4.0, _FRAGMENTS)),
    Case(name="live.webm", make=partial(_beginning_at, "webm", "libopus", 0.0, {"live": "1"})),
    Case(
        name="live_from_4.mkv",
        make=partial(_beginning_at, "matroska", "aac", 4.0, {"live": "1"}),
    ),
    *(
        Case(
            name=name,
            make=partial(_with_gap, container, codec),
            apart=((diane(), sheila(DIANE.length + _GAP + MARGIN)),),
            length=DIANE.length + _GAP + SHEILA.length,
        )
        for name, container, codec in _GAPS
    ),
)
