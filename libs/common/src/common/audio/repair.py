"""Files whose headers FFmpeg would wrongly believe, prepared for it."""

from dataclasses import dataclass

from common.audio.aiff import repaired_aiff
from common.audio.kinds import AudioKind
from common.audio.watched_file import WatchedFile
from common.audio.wav import read_wav
from common.audio.wav_repair import repaired


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A file to be read as one of the given kind.

    `stated` is the length in seconds that its own header states, where it has received another.
    """

    file: WatchedFile
    kind: AudioKind
    stated: float | None = None


def prepared(file: WatchedFile, kind: AudioKind) -> Prepared:
    """Return the file with a correct header. The position changes."""
    if kind in {AudioKind.WAV, AudioKind.W64}:
        wav = read_wav(file)
        if wav is not None:
            read_as, changed = repaired(wav, file)
            return Prepared(file=WatchedFile(changed), kind=read_as, stated=wav.declared_duration)
    if kind is AudioKind.AIFF:
        aiff = repaired_aiff(file)
        if aiff is not None:
            return Prepared(file=WatchedFile(aiff), kind=kind)
    return Prepared(file=file, kind=kind)
