"""Correct headers for the sound of WAV files, in place of possibly wrong ones."""

import struct

from common.audio.kinds import AudioKind
from common.audio.seekable import Seekable
from common.audio.splice import SplicedFile
from common.audio.wav import Wav
from common.audio.wav_form import WavForm

_UNKNOWN = 0xFFFFFFFF
#: Encodings of Sun AU by whether samples are floating-point, and their bytes.
_AU_ENCODINGS = {
    (False, 2): 3,
    (False, 3): 4,
    (False, 4): 5,
    (True, 4): 6,
    (True, 8): 7,
}


def repaired(wav: Wav, file: Seekable) -> tuple[AudioKind, SplicedFile]:
    """Return the sound of a WAV file as a file of the given kind with a right header."""
    encoding = _au_encoding(wav.form)
    if encoding is not None:
        # FFmpeg takes the samples of RIFX files for little-endian ones.
        return AudioKind.AU, SplicedFile(file, (_au_header(wav, encoding), *wav.pieces))
    return AudioKind.WAV, SplicedFile(file, (_wav_header(wav), *wav.pieces))


def _au_encoding(form: WavForm) -> int | None:
    if form.order != ">" or not form.is_linear:
        return None
    return _AU_ENCODINGS.get((form.is_float, form.block // form.channels))


def _au_header(wav: Wav, encoding: int) -> bytes:
    size = min(wav.size, _UNKNOWN)
    fields = (b".snd", 28, size, encoding, wav.form.rate, wav.form.channels)
    return struct.pack(">4sIIIII4x", *fields)


def _wav_header(wav: Wav) -> bytes:
    form = wav.form.measured(wav.size, wav.fact)
    chunks = form.pack()
    if wav.fact is not None and not form.is_linear:
        chunks += struct.pack("<4sII", b"fact", 4, min(wav.fact, _UNKNOWN))
    total = 4 + len(chunks) + 8 + wav.size
    if total < _UNKNOWN:
        head = struct.pack("<4sI4s", b"RIFF", total, b"WAVE")
        return head + chunks + struct.pack("<4sI", b"data", wav.size)
    head = struct.pack("<4sI4s", b"RF64", _UNKNOWN, b"WAVE")
    head += struct.pack("<4sIQQQI", b"ds64", 28, total + 36, wav.size, wav.fact or 0, 0)
    return head + chunks + struct.pack("<4sI", b"data", _UNKNOWN)
