"""Files that begin in the middle, break off, or are joined, and files that are not recordings."""

import functools
import io
import zipfile
from collections.abc import Callable
from functools import partial

import numpy as np

from tests.recordings import defects, layouts
from tests.recordings.case import Case, Refused, diane, sheila
from tests.recordings.containers import Picture, Track, mux
from tests.recordings.riff import pcm, wav
from tests.recordings.speech import DIANE, MARGIN, SHEILA, Utterance

#: Bytes per second of files at a constant rate.
_BYTES_PER_SECOND = 8_000
#: Seconds per frame of ADTS at 44.1 kHz, and frames that a cut loses. Those of silence are short.
_ADTS_FRAME = 1_024 / 44_100
_CUTS = ((1, 1), (137, 11), (500, 14))
#: Both utterances, one after the other.
_BOTH = DIANE.length + SHEILA.length
_THEN = DIANE.length + MARGIN
#: Seconds of the silence between them that a hole takes away.
_HOLE = 0.12


@functools.cache
def _voice(container: str, codec: str, rate: int, utterance: Utterance = DIANE) -> bytes:
    """Return an utterance in a format, at a constant rate if the format has one."""
    samples = utterance.at(rate)
    return mux(container, Track(samples=samples, codec=codec, rate=rate, bit_rate=64_000))


@functools.cache
def _talk(container: str, codec: str, rate: int, *, pictures: bool = False) -> bytes:
    """Return both utterances, one after the other."""
    track = Track(samples=layouts.conversation(rate), codec=codec, rate=rate, bit_rate=64_000)
    return mux(container, track, picture=Picture(seconds=7) if pictures else None)


_mp3 = partial(_voice, "mp3", "libmp3lame", 44_100)
_aac = partial(_voice, "adts", "aac", 44_100)
_ts = partial(_voice, "mpegts", "aac", 48_000)


def _vorbis(utterance: Utterance) -> bytes:
    samples = np.stack([utterance.at(44_100)] * 2)  # The encoder takes stereo only.
    return mux("ogg", Track(samples=samples, codec="vorbis", rate=44_100))


def _begun(name: str, make: Callable[[], bytes], size: int, lost: float | None = None) -> Case:
    """Return a file without its first bytes, `lost` seconds. Times count from the first sound."""
    if lost is None:
        lost = size / _BYTES_PER_SECOND
    return Case(
        name=name,
        make=lambda: make()[size:],
        apart=((diane(MARGIN - lost),),),
        length=DIANE.length - lost,
        length_tolerance=0.15,
    )


def _behind(name: str, junk: bytes, make: Callable[[], bytes]) -> Case:
    return Case(name=name, make=lambda: junk + make())


def _joined(name: str, make: Callable[..., bytes], tolerance: float = 0.15) -> Case:
    """Return two files in one: one voice each."""
    return Case(
        name=name,
        make=lambda: make(utterance=DIANE) + make(utterance=SHEILA),
        apart=((diane(), sheila(_THEN)),),
        length=_BOTH,
        length_tolerance=tolerance,
    )


def _broken_off(
    name: str, make: Callable[[], bytes], share: float = 0.65, *, declared: bool = True
) -> Case:
    """Return a file without its last third, so that the second voice is missing or incomplete."""
    return Case(
        name=name,
        make=lambda: defects.first(make(), share),
        length=_BOTH * share,
        length_tolerance=0.8,
        truncated=declared,
    )


def _chain_of_channels() -> bytes:
    stereo = np.stack([SHEILA.at(48_000)] * 2)
    second = mux("ogg", Track(samples=stereo, codec="libopus", rate=48_000))
    return _voice("ogg", "libopus", 48_000) + second


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", b"some text " * 5_000)
        archive.writestr("sound.mp3", _mp3())
    return buffer.getvalue()


DAMAGE = (
    *(_begun(f"cut_{size}.mp3", _mp3, size) for size in (1, 137, 1_000, 2_001)),
    *(_begun(f"cut_{size}.aac", _aac, size, frames * _ADTS_FRAME) for size, frames in _CUTS),
    *(_begun(f"cut_{size}.ts", _ts, size) for size in (1, 100, 189)),
    _begun("cut_700.ac3", partial(_voice, "ac3", "ac3", 48_000), 700),
    _begun("cut_3000.mp2", partial(_voice, "mp2", "mp2", 48_000), 3_000, MARGIN),
    # The next pack is the first one that is whole.
    _begun("cut_700.mpg", partial(_voice, "mpeg", "mp2", 48_000), 700, 2_048 / _BYTES_PER_SECOND),
    *(
        Case(name=f"{name}.{kind}", make=partial(lambda lead, make: lead + make(), lead, make))
        for name, lead in (
            ("zeros_10000", bytes(10_000)),
            ("zeros_60000", bytes(60_000)),
            ("junk_5001", defects.junk(5_001)),
        )
        for kind, make in (("mp3", _mp3), ("aac", _aac), ("ts", _ts))
    ),
    _behind("zeros_4096.wav", bytes(4_096), lambda: wav(pcm(DIANE.samples), 16_000)),
    _behind("zeros_512.flac", bytes(512), partial(_voice, "flac", "flac", 16_000)),
    _behind("zeros_512.ogg", bytes(512), partial(_voice, "ogg", "libopus", 48_000)),
    Case(
        name="hole.mp3",
        make=lambda: defects.without_middle(_talk("mp3", "libmp3lame", 44_100), 0.53, 0.545),
        apart=((diane(), sheila(_THEN - _HOLE)),),
        length=_BOTH - _HOLE,
        length_tolerance=0.15,
    ),
    _joined("joined.mp3", _mp3),
    _joined("joined.aac", _aac),
    _joined("joined.ts", _ts),
    _joined("joined.amr", partial(_voice, "amr", "libopencore_amrnb", 8_000)),
    _joined("joined.ac3", partial(_voice, "ac3", "ac3", 48_000)),
    _joined("joined.flac", partial(_voice, "flac", "flac", 16_000)),
    _joined("joined.wav", partial(_voice, "wav", "pcm_s16le", 16_000)),
    _joined("chained_opus.ogg", partial(_voice, "ogg", "libopus", 48_000)),
    _joined("chained_vorbis.ogg", _vorbis),
    _joined("chained_flac.oga", partial(_voice, "ogg", "flac", 16_000)),
    Case(
        name="chained_channels.ogg",
        make=_chain_of_channels,
        apart=((diane(), sheila(_THEN)),),
        length=_BOTH,
        length_tolerance=0.15,
    ),
    _broken_off("half.wav", lambda: wav(pcm(layouts.conversation()), 16_000)),
    _broken_off("half.w64", partial(_talk, "w64", "pcm_s16le", 16_000)),
    _broken_off("half.aiff", partial(_talk, "aiff", "pcm_s16be", 16_000)),
    _broken_off("half.caf", partial(_talk, "caf", "pcm_s16le", 16_000)),
    _broken_off("half.au", partial(_talk, "au", "pcm_s16be", 16_000)),
    _broken_off("half.flac", partial(_talk, "flac", "flac", 16_000)),
    _broken_off("half.wv", partial(_talk, "wv", "wavpack", 16_000)),
    _broken_off("half.tta", partial(_talk, "tta", "tta", 16_000)),
    _broken_off("half.mp3", partial(_talk, "mp3", "libmp3lame", 44_100)),
    _broken_off("half.m4a", lambda: defects.index_first(_talk("ipod", "aac", 44_100))),
    _broken_off("half.mov", lambda: defects.index_first(_talk("mov", "pcm_s16le", 48_000))),
    _broken_off("half.mkv", partial(_talk, "matroska", "aac", 44_100)),
    _broken_off("half.webm", partial(_talk, "webm", "libopus", 48_000)),
    _broken_off("half.wma", partial(_talk, "asf", "wmav2", 44_100)),
    _broken_off("half.avi", partial(_talk, "avi", "libmp3lame", 44_100, pictures=True)),
    _broken_off("half.flv", partial(_talk, "flv", "aac", 44_100)),
    # Without a declared length nobody can tell that something is missing.
    _broken_off("half.ogg", partial(_talk, "ogg", "libopus", 48_000), declared=False),
    _broken_off("half.aac", partial(_talk, "adts", "aac", 44_100), declared=False),
    _broken_off("half.ts", partial(_talk, "mpegts", "aac", 48_000), declared=False),
    _broken_off("half.amr", partial(_talk, "amr", "libopencore_amrnb", 8_000), declared=False),
)

REFUSED = (
    Refused(name="empty.wav", make=lambda: b""),
    Refused(name="zeros.mp3", make=lambda: bytes(200_000)),
    Refused(name="text.mp3", make=lambda: b"Nothing but words, line after line.\n" * 5_000),
    Refused(name="page.wav", make=lambda: b"<!DOCTYPE html><html><body>hello</body></html>" * 999),
    Refused(name="noise.mp3", make=lambda: defects.junk(300_000)),
    Refused(name="noise.aac", make=lambda: defects.junk(300_000, seed=2)),
    Refused(name="photo.mp3", make=lambda: defects.picture("mjpeg")),
    Refused(name="drawing.aac", make=lambda: defects.picture("png")),
    Refused(name="program.mp3", make=lambda: b"\x7fELF\x02\x01\x01" + defects.junk(100_000)),
    Refused(name="document.mp3", make=lambda: b"%PDF-1.7\n" + defects.junk(100_000, seed=3)),
    Refused(name="archive.mp3", make=_zip),
    Refused(name="list.mp3", make=lambda: b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n" * 50),
    Refused(name="script.mp3", make=lambda: b"ffconcat version 1.0\nfile /etc/passwd\n" * 50),
    Refused(name="too_far.mp3", make=lambda: bytes(200_000) + _mp3()),
    Refused(name="silent_film.mp4", make=lambda: mux("mp4", picture=Picture(seconds=3))),
    Refused(name="no_samples.wav", make=lambda: wav(b"", 16_000)),
    # The index at the end is lost, and nothing can be found without it.
    Refused(name="no_index.m4a", make=lambda: defects.first(_talk("ipod", "aac", 44_100), 0.65)),
)
