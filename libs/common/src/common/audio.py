"""Reading recordings: what they are, whether they are whole, and their sound.

`sniff` and `name_contradicts` judge a file before it is decoded (common.audio_kinds has them
without the media library), `probe` looks inside, `decode`, `read_window` and `windows` yield
the sound.
"""

from common.audio_container import AudioSource
from common.audio_decoding import SAMPLE_RATE, Samples, decode, read_window
from common.audio_errors import (
    AudioError,
    EmptyAudioError,
    NoAudioStreamError,
    TruncatedAudioError,
    UndecodableAudioError,
)
from common.audio_kinds import SNIFF_BYTES, AudioKind, name_contradicts, sniff
from common.audio_probe import AudioInfo, probe
from common.audio_windows import AudioWindow, windows

__all__ = [
    "SAMPLE_RATE",
    "SNIFF_BYTES",
    "AudioError",
    "AudioInfo",
    "AudioKind",
    "AudioSource",
    "AudioWindow",
    "EmptyAudioError",
    "NoAudioStreamError",
    "Samples",
    "TruncatedAudioError",
    "UndecodableAudioError",
    "decode",
    "name_contradicts",
    "probe",
    "read_window",
    "sniff",
    "windows",
]
