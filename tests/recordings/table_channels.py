"""Channels of one track: where the voice is, and who speaks on which."""

from collections.abc import Callable
from functools import partial

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import ChannelMode
from tests.recordings import layouts
from tests.recordings.case import Case, Heard, diane, sheila
from tests.recordings.containers import Track, mux
from tests.recordings.riff import pcm, wav
from tests.recordings.speech import DIANE, MARGIN, SHEILA

_THEN = DIANE.length + MARGIN
_BOTH = DIANE.length + SHEILA.length
_OVER = max(DIANE.length, layouts.OVERLAP_START + SHEILA.length)
_AT_ONCE = ((diane(),), (sheila(layouts.OVERLAP_START + MARGIN),))
_BY_TURNS = ((diane(),), (sheila(_THEN),))
_ROOM = ((diane(), sheila(_THEN)),) * 2
#: Positions of 5.1 and 7.1 in WAV files. The fourth channel is the subwoofer's.
_MASK_5_1, _MASK_7_1 = 0x3F, 0x63F
#: Channels of which one has the voice: each of a few, and some of many.
_ONLY = (
    *((channel, of) for of in range(2, 11) for channel in range(1, of + 1)),
    *((channel, 16) for channel in (1, 4, 10, 16)),
    *((channel, 32) for channel in (1, 4, 19, 32)),
)


def _wav(channels: Samples, *, mask: int | None = None) -> bytes:
    """Return channels at 16 kHz as a WAV file."""
    return wav(pcm(channels), SAMPLE_RATE, channels=len(channels), mask=mask)


def _encoded(
    container: str,
    codec: str,
    channels: Samples,
    rate: int = SAMPLE_RATE,
    *,
    layout: str | None = None,
    bit_rate: int | None = None,
) -> bytes:
    track = Track(samples=channels, codec=codec, rate=rate, layout=layout, bit_rate=bit_rate)
    return mux(container, track)


def _only(channel: int, of: int, container: str, codec: str, rate: int, layout: str) -> bytes:
    """Return a file with named positions of channels, and the voice on one of them."""
    return _encoded(container, codec, layouts.only(channel, of, rate=rate), rate, layout=layout)


def _only_wav(channel: int, of: int) -> bytes:
    return _wav(layouts.only(channel, of))


def _with_rumble(channels: Samples) -> Samples:
    """Return the channels with rumble on the fourth one."""
    mixed = channels.copy()
    mixed[3] += layouts.rumble(channels.shape[1])
    return mixed


def _parties(
    name: str,
    make: Callable[[], bytes],
    *,
    apart: tuple[Heard, ...] = _AT_ONCE,
    length: float = _OVER,
) -> Case:
    """Return a file with one party per channel."""
    return Case(
        name=name,
        make=make,
        apart=apart,
        decided=ChannelMode.SEPARATE,
        length=length,
        length_tolerance=0.15,
    )


def _at_once(container: str, codec: str, rate: int, bit_rate: int | None = None) -> bytes:
    return _encoded(container, codec, layouts.overlap(rate), rate, bit_rate=bit_rate)


CHANNELS = (
    *(
        Case(
            name=f"only_{channel}_of_{of}.wav",
            make=partial(_only_wav, channel, of),
        )
        for channel, of in _ONLY
    ),
    Case(name="only_3_of_3.flac", make=partial(_only, 3, 3, "flac", "flac", 16_000, "3.0")),
    Case(name="only_4_of_4.flac", make=partial(_only, 4, 4, "flac", "flac", 16_000, "quad")),
    Case(name="only_4_of_6.flac", make=partial(_only, 4, 6, "flac", "flac", 16_000, "5.1")),
    Case(name="only_4_of_8.flac", make=partial(_only, 4, 8, "flac", "flac", 16_000, "7.1")),
    Case(name="only_6_of_6.ogg", make=partial(_only, 5, 6, "ogg", "libopus", 48_000, "5.1")),
    Case(name="only_3_of_6.m4a", make=partial(_only, 3, 6, "ipod", "aac", 48_000, "5.1")),
    Case(name="only_2_of_6.ac3", make=partial(_only, 2, 6, "ac3", "ac3", 48_000, "5.1(side)")),
    Case(
        name="only_10_of_10.mkv",
        make=lambda: _encoded("matroska", "pcm_s16le", layouts.only(10, 10)),
    ),
    # The fourth channel of 5.1 and 7.1 is a subwoofer's by name, and has a voice nevertheless.
    Case(name="voice_on_lfe_5_1.wav", make=lambda: _wav(layouts.only(4, 6), mask=_MASK_5_1)),
    Case(name="voice_on_lfe_7_1.wav", make=lambda: _wav(layouts.only(4, 8), mask=_MASK_7_1)),
    Case(
        name="rumble_on_lfe.wav",
        make=lambda: _wav(_with_rumble(layouts.only(3, 6)), mask=_MASK_5_1),
    ),
    Case(
        name="rumble_on_lfe.flac",
        make=lambda: _encoded("flac", "flac", _with_rumble(layouts.only(3, 6)), layout="5.1"),
    ),
    Case(name="dual_mono.wav", make=lambda: _wav(layouts.copies(1.0, 1.0))),
    Case(name="dual_mono_lower.wav", make=lambda: _wav(layouts.copies(1.0, 0.2))),
    Case(
        name="dual_mono_noisy.wav",
        make=lambda: _wav(layouts.noisy(layouts.copies(0.8, 0.8), decibels=-50)),
    ),
    Case(
        name="dual_mono.mp3",
        make=lambda: _encoded("mp3", "libmp3lame", layouts.copies(1.0, 1.0, rate=44_100), 44_100),
    ),
    Case(name="antiphase.wav", make=lambda: _wav(layouts.copies(1.0, -1.0))),
    Case(name="antiphase.flac", make=lambda: _encoded("flac", "flac", layouts.copies(1.0, -1.0))),
    Case(
        name="antiphase.mp3",
        make=lambda: _encoded("mp3", "libmp3lame", layouts.copies(1.0, -1.0, rate=44_100), 44_100),
    ),
    Case(name="antiphase_lower.wav", make=lambda: _wav(layouts.copies(1.0, -0.7))),
    Case(name="antiphase_4.wav", make=lambda: _wav(layouts.copies(1.0, -1.0, 1.0, -1.0))),
    Case(name="same_on_6.wav", make=lambda: _wav(layouts.copies(*[1.0] * 6))),
    Case(name="room.wav", make=lambda: _wav(layouts.room()), apart=_ROOM, length=_BOTH),
    Case(
        name="room.flac",
        make=lambda: _encoded("flac", "flac", layouts.room()),
        apart=_ROOM,
        length=_BOTH,
    ),
    _parties("overlap.wav", lambda: _wav(layouts.overlap())),
    _parties("overlap.flac", partial(_at_once, "flac", "flac", 16_000)),
    _parties("overlap_vorbis.ogg", partial(_at_once, "ogg", "vorbis", 44_100)),
    _parties("overlap_opus.ogg", partial(_at_once, "ogg", "libopus", 48_000)),
    _parties("overlap.m4a", partial(_at_once, "ipod", "aac", 44_100)),
    _parties("overlap.mp3", partial(_at_once, "mp3", "libmp3lame", 44_100)),
    _parties("overlap_low_rate.mp3", partial(_at_once, "mp3", "libmp3lame", 16_000, 24_000)),
    _parties("telephone_alaw.wav", partial(_at_once, "wav", "pcm_alaw", 8_000)),
    _parties("telephone_mulaw.au", partial(_at_once, "au", "pcm_mulaw", 8_000)),
    _parties("telephone_adpcm.wav", partial(_at_once, "wav", "adpcm_ms", 8_000)),
    _parties("turns.wav", lambda: _wav(layouts.turns()), apart=_BY_TURNS, length=_BOTH),
    _parties(
        "turns_bleeding.wav",
        lambda: _wav(layouts.bleeding(layouts.turns(), decibels=-20, delay=160)),
        apart=_BY_TURNS,
        length=_BOTH,
    ),
    _parties(
        "turns_noisy.wav",
        lambda: _wav(layouts.noisy(layouts.turns(), decibels=-55)),
        apart=_BY_TURNS,
        length=_BOTH,
    ),
    _parties(
        "overlap_bleeding.wav",
        lambda: _wav(layouts.bleeding(layouts.overlap(), decibels=-24, delay=1_600)),
    ),
    _parties(
        "parties_on_2_and_5_of_6.wav",
        lambda: _wav(layouts.spread(layouts.overlap(), (2, 5), of=6)),
    ),
)
