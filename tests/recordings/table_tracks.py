"""Several tracks in one container: silent, undecodable, of other languages, and one per party."""

from functools import partial

import numpy as np

from common.audio.resampling import Samples
from common.audio.signals import ChannelMode
from tests.recordings import defects, layouts
from tests.recordings.case import Case, Heard, diane, sheila
from tests.recordings.containers import Picture, Track, mux
from tests.recordings.speech import DIANE, MARGIN, SHEILA, Utterance

_RATE = 48_000
#: Seconds until the sound of a track that begins later.
_LATER = 2.0
_AT_ONCE = ((diane(),), (sheila(),))
_LONGER = max(DIANE.length, SHEILA.length)


def _silence(channels: int = 2) -> Samples:
    return np.zeros((channels, len(DIANE.at(_RATE))), np.float32)


def _two(
    container: str,
    first: Utterance | Samples,
    second: Utterance | Samples,
    *,
    codec: str = "aac",
    titles: tuple[str, str] = ("", ""),
    languages: tuple[str, str] = ("", ""),
    later: float = 0.0,
    pictures: float = 0.0,
) -> bytes:
    """Return a file with two tracks. The second one begins `later` seconds after the first one."""
    tracks = [
        Track(
            samples=sound.at(_RATE) if isinstance(sound, Utterance) else sound,
            codec=codec,
            rate=_RATE,
            title=title,
            language=language,
            begins=begins,
        )
        for sound, title, language, begins in zip(
            (first, second), titles, languages, (0.0, later), strict=True
        )
    ]
    return mux(container, *tracks, picture=Picture(seconds=pictures) if pictures else None)


def _unknown_first(container: str, codec: bytes, instead: bytes) -> bytes:
    """Return four channels of spatial sound that nothing decodes, and the same voice in mono."""
    spatial = np.stack([DIANE.at(_RATE)] * 4)
    return defects.unknown_codec(_two(container, spatial, DIANE, pictures=4), codec, instead)


def _screen_recorder() -> bytes:
    """Return the sum of all sound, and the microphone and the desktop on tracks of their own."""
    channels = layouts.overlap(_RATE)
    sounds = (channels.sum(axis=0), channels[0], channels[1])
    return mux(
        "matroska",
        *(Track(samples=np.stack([sound] * 2), codec="aac", rate=_RATE) for sound in sounds),
        picture=Picture(seconds=4),
    )


def _parties(name: str, data: partial[bytes], **answers: object) -> Case:
    fields: dict[str, object] = {"apart": _AT_ONCE, "length": _LONGER, **answers}
    return Case(name=name, make=data, decided=ChannelMode.SEPARATE, **fields)  # type: ignore[arg-type]


_AFTER: tuple[Heard, ...] = ((diane(),), (sheila(_LATER + MARGIN),))
_NAMES = ("Diane", "Sheila")

TRACKS = (
    Case(name="silent_first.mkv", make=partial(_two, "matroska", _silence(), DIANE, pictures=4)),
    Case(name="silent_first.mp4", make=partial(_two, "mp4", _silence(), DIANE, pictures=4)),
    Case(name="silent_second.mkv", make=partial(_two, "matroska", DIANE, _silence())),
    Case(name="silent_first.mov", make=partial(_two, "mov", _silence(1), DIANE, codec="pcm_s16le")),
    Case(name="unknown_first.mp4", make=partial(_unknown_first, "mp4", b"mp4a", b"zzzz")),
    Case(name="spatial_first.mov", make=partial(_unknown_first, "mov", b"mp4a", b"apac")),
    Case(name="unknown_first.mkv", make=partial(_unknown_first, "matroska", b"A_AAC", b"A_XYZ")),
    Case(
        name="copy_on_second.mp4",
        make=lambda: _two("mp4", DIANE, np.float32(0.3) * DIANE.at(_RATE), pictures=4),
    ),
    Case(
        name="dubbed.mkv",
        make=partial(_two, "matroska", DIANE, SHEILA, languages=("eng", "ger"), pictures=4),
    ),
    Case(
        name="dubbed.mp4",
        make=partial(_two, "mp4", DIANE, SHEILA, languages=("eng", "fre"), pictures=4),
    ),
    _parties("untagged.mkv", partial(_two, "matroska", DIANE, SHEILA)),
    _parties(
        "same_language.mkv",
        partial(_two, "matroska", DIANE, SHEILA, languages=("eng", "eng"), codec="libopus"),
    ),
    _parties("untagged.mov", partial(_two, "mov", DIANE, SHEILA, codec="pcm_s16le")),
    _parties("titled.mka", partial(_two, "matroska", DIANE, SHEILA, titles=_NAMES), titles=_NAMES),
    _parties(
        "second_later.mkv",
        partial(_two, "matroska", DIANE, SHEILA, later=_LATER),
        apart=_AFTER,
        length=_LATER + SHEILA.length,
    ),
    _parties(
        "second_later.mp4",
        partial(_two, "mp4", DIANE, SHEILA, later=_LATER, pictures=6),
        apart=_AFTER,
        length=_LATER + SHEILA.length,
    ),
    Case(
        name="sum_and_parts.mkv",
        make=_screen_recorder,
        apart=((diane(),), (sheila(layouts.OVERLAP_START + MARGIN),)),
        decided=ChannelMode.SEPARATE,
        length=max(DIANE.length, layouts.OVERLAP_START + SHEILA.length),
    ),
)
