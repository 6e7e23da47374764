"""Containers, codecs, sample formats and rates: one utterance in each."""

import functools
from functools import partial

import numpy as np

from tests.recordings import gsm, rare_formats
from tests.recordings.case import Case
from tests.recordings.containers import Picture, Track, mux
from tests.recordings.riff import floats, pcm, wav
from tests.recordings.speech import DIANE

#: Name, muxer, codec, sample rate in Hz, and number of channels.
_ROWS = (
    ("u8.wav", "wav", "pcm_u8", 8_000, 1),
    ("s16.wav", "wav", "pcm_s16le", 16_000, 1),
    ("s16_8k.wav", "wav", "pcm_s16le", 8_000, 1),
    ("s16_11k.wav", "wav", "pcm_s16le", 11_025, 1),
    ("s16_44k.wav", "wav", "pcm_s16le", 44_100, 2),
    ("s16_192k.wav", "wav", "pcm_s16le", 192_000, 1),
    ("s24.wav", "wav", "pcm_s24le", 48_000, 2),
    ("s32.wav", "wav", "pcm_s32le", 96_000, 1),
    ("f32.wav", "wav", "pcm_f32le", 16_000, 1),
    ("f64.wav", "wav", "pcm_f64le", 22_050, 1),
    ("alaw.wav", "wav", "pcm_alaw", 8_000, 1),
    ("mulaw.wav", "wav", "pcm_mulaw", 8_000, 1),
    ("adpcm_ms.wav", "wav", "adpcm_ms", 16_000, 1),
    ("adpcm_ima.wav", "wav", "adpcm_ima_wav", 22_050, 1),
    ("adpcm_yamaha.wav", "wav", "adpcm_yamaha", 16_000, 1),
    ("g722.wav", "wav", "g722", 16_000, 1),
    ("g726.wav", "wav", "g726", 8_000, 1),
    ("mp3.wav", "wav", "libmp3lame", 16_000, 1),
    ("s16.w64", "w64", "pcm_s16le", 16_000, 1),
    ("adpcm_ms.w64", "w64", "adpcm_ms", 16_000, 1),
    ("s16.aiff", "aiff", "pcm_s16be", 44_100, 2),
    ("s24.aif", "aiff", "pcm_s24be", 48_000, 1),
    ("sowt.aifc", "aiff", "pcm_s16le", 16_000, 1),
    ("f32.aifc", "aiff", "pcm_f32be", 16_000, 1),
    ("mulaw.aifc", "aiff", "pcm_mulaw", 8_000, 1),
    ("ima4.aifc", "aiff", "adpcm_ima_qt", 22_050, 1),
    ("s16.caf", "caf", "pcm_s16le", 16_000, 1),
    ("alac.caf", "caf", "alac", 16_000, 1),
    ("ima4.caf", "caf", "adpcm_ima_qt", 22_050, 1),
    ("s16.au", "au", "pcm_s16be", 16_000, 1),
    ("mulaw.au", "au", "pcm_mulaw", 8_000, 1),
    ("f32.snd", "au", "pcm_f32be", 16_000, 1),
    ("s16.flac", "flac", "flac", 44_100, 2),
    ("flac.oga", "ogg", "flac", 16_000, 1),
    ("opus.ogg", "ogg", "libopus", 48_000, 1),
    ("vorbis.ogg", "ogg", "vorbis", 44_100, 2),
    ("opus.opus", "opus", "libopus", 16_000, 1),
    ("aac.m4a", "ipod", "aac", 44_100, 1),
    ("aac_8k.m4a", "ipod", "aac", 8_000, 1),
    ("alac.m4a", "ipod", "alac", 16_000, 1),
    ("flac.mp4", "mp4", "flac", 16_000, 1),
    ("opus.mp4", "mp4", "libopus", 48_000, 1),
    ("ac3.mp4", "mp4", "ac3", 48_000, 1),
    ("mp3.mp4", "mp4", "libmp3lame", 44_100, 1),
    ("s16.mov", "mov", "pcm_s16le", 48_000, 2),
    ("aac.mov", "mov", "aac", 48_000, 1),
    ("ima4.mov", "mov", "adpcm_ima_qt", 22_050, 1),
    ("amr.3gp", "3gp", "libopencore_amrnb", 8_000, 1),
    ("aac.3gp", "3gp", "aac", 16_000, 1),
    ("aac.3g2", "3g2", "aac", 16_000, 1),
    ("phone.amr", "amr", "libopencore_amrnb", 8_000, 1),
    ("mp3_44k.mp3", "mp3", "libmp3lame", 44_100, 2),
    ("mp3_16k.mp3", "mp3", "libmp3lame", 16_000, 1),
    ("mp3_8k.mp3", "mp3", "libmp3lame", 8_000, 1),
    ("layer2.mp2", "mp2", "mp2", 48_000, 1),
    ("adts.aac", "adts", "aac", 44_100, 1),
    ("adts_16k.aac", "adts", "aac", 16_000, 1),
    ("aac.ts", "mpegts", "aac", 48_000, 1),
    ("mp2.ts", "mpegts", "mp2", 48_000, 1),
    ("ac3.ts", "mpegts", "ac3", 48_000, 2),
    ("aac.flv", "flv", "aac", 44_100, 1),
    ("mp3.flv", "flv", "libmp3lame", 44_100, 1),
    ("nellymoser.flv", "flv", "nellymoser", 16_000, 1),
    ("adpcm.flv", "flv", "adpcm_swf", 22_050, 1),
    ("aac.mkv", "matroska", "aac", 44_100, 1),
    ("opus.mka", "matroska", "libopus", 48_000, 1),
    ("flac.mka", "matroska", "flac", 16_000, 1),
    ("s16.mkv", "matroska", "pcm_s16le", 16_000, 1),
    ("ac3.mkv", "matroska", "ac3", 48_000, 2),
    ("tta.mka", "matroska", "tta", 16_000, 1),
    ("wavpack.mka", "matroska", "wavpack", 16_000, 1),
    ("opus.webm", "webm", "libopus", 48_000, 1),
    ("vorbis.webm", "webm", "vorbis", 44_100, 2),
    ("dolby.ac3", "ac3", "ac3", 48_000, 2),
    ("dolby.eac3", "eac3", "eac3", 48_000, 1),
    ("wmav1.wma", "asf", "wmav1", 22_050, 1),
    ("wmav2.wma", "asf", "wmav2", 44_100, 1),
    ("wavpack.wv", "wv", "wavpack", 16_000, 1),
    ("true.tta", "tta", "tta", 16_000, 1),
    ("u8.voc", "voc", "pcm_u8", 8_000, 1),
    ("s16.voc", "voc", "pcm_s16le", 16_000, 1),
    ("mp3.avi", "avi", "libmp3lame", 44_100, 1),
    ("s16.avi", "avi", "pcm_s16le", 16_000, 1),
    ("mp2.mpg", "mpeg", "mp2", 48_000, 1),
    ("broadcast.latm", "latm", "aac", 44_100, 1),
    ("ac3.rm", "rm", "ac3", 48_000, 2),
    ("s32.sox", "sox", "pcm_s32le", 16_000, 1),
    ("television.wtv", "wtv", "mp2", 48_000, 1),
    ("ac3.vob", "vob", "ac3", 48_000, 2),
)
#: Codecs that fill their last block up, and by so much (seconds).
_PADDED = {"adts_16k.aac": 0.1, "adpcm.flv": 0.2, "adpcm_ima.wav": 0.1, "nellymoser.flv": 0.1}
#: Film of a telephone or a camera: name, muxer, codec of the sound and of the picture.
_FILMS = (
    ("phone.mp4", "mp4", "aac", "libx264"),
    ("camera.mov", "mov", "pcm_s16le", "mjpeg"),
    ("meeting.mkv", "matroska", "libopus", "libx264"),
    ("browser.webm", "webm", "libopus", "libvpx"),
    ("camcorder.ts", "mpegts", "ac3", "mpeg2video"),
    ("screen.flv", "flv", "libmp3lame", "flv"),
    ("old_camera.avi", "avi", "pcm_s16le", "mjpeg"),
    ("screen.wmv", "asf", "wmav2", "wmv2"),
    ("disc.vob", "vob", "mp2", "mpeg2video"),
)


@functools.cache
def spoken(
    container: str, codec: str, rate: int, channels: int = 1, *, picture: Picture | None = None
) -> bytes:
    """Return the utterance in a format, the same in all channels."""
    samples = np.stack([DIANE.at(rate)] * channels)
    return mux(container, Track(samples=samples, codec=codec, rate=rate), picture=picture)


@functools.cache
def telephone_gsm() -> bytes:
    """Return the utterance as raw GSM."""
    return gsm.encoded(DIANE.at(8_000))


FORMATS = (
    *(
        Case(
            name=name,
            make=partial(spoken, container, codec, rate, channels),
            length_tolerance=0.1 + _PADDED.get(name, 0.0),
        )
        for name, container, codec, rate, channels in _ROWS
    ),
    *(
        Case(
            name=name,
            make=partial(spoken, container, codec, 48_000, picture=Picture(seconds=4, codec=film)),
        )
        for name, container, codec, film in _FILMS
    ),
    Case(name="rifx.wav", make=lambda: wav(pcm(DIANE.samples, big=True), 16_000, magic=b"RIFX")),
    Case(name="rf64.rf64", make=lambda: wav(pcm(DIANE.samples), 16_000, magic=b"RF64")),
    Case(name="bw64.wav", make=lambda: wav(pcm(DIANE.samples), 16_000, magic=b"BW64")),
    Case(name="extensible.wav", make=lambda: wav(pcm(DIANE.samples, 24), 16_000, bits=24, mask=4)),
    Case(
        name="float_extensible.wav",
        make=lambda: wav(floats(DIANE.samples), 16_000, bits=32, floating=True, mask=4),
    ),
    Case(name="corpus.sph", make=lambda: rare_formats.sphere(pcm(DIANE.samples), 16_000)),
    Case(name="disc.dsf", make=lambda: rare_formats.dsf(DIANE.samples, 16_000)),
    Case(name="disc.dff", make=lambda: rare_formats.dff(DIANE.samples, 16_000)),
    Case(
        name="studio.mxf",
        make=partial(
            spoken,
            "mxf",
            "pcm_s16le",
            48_000,
            picture=Picture(seconds=4, codec="mpeg2video", rate=25),
        ),
    ),
    Case(name="switchboard.gsm", make=telephone_gsm),
    Case(
        name="bluray.m2ts",
        make=lambda: mux(
            "mpegts",
            Track(samples=DIANE.at(48_000), codec="ac3", rate=48_000),
            options={"mpegts_m2ts_mode": "1"},
        ),
    ),
)
