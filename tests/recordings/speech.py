"""Two utterances of a real telephone call, with their exact words, and how to find them again.

They are cut from the sample inside pyannote.audio, so that the corpus needs no other data.
"""

import functools
import re
import wave
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, correlate, resample_poly, sosfiltfilt

from bench import recordings
from common.audio.resampling import SAMPLE_RATE, Samples

#: Silence before and after the words of every utterance, in seconds.
MARGIN = 0.3
_PEAK = 0.5
_BAND = (300, 1_500)
#: Energies below this are silence, in relation to the loudest.
_FLOOR = 1e-6


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Words of one person, and where they are in the sample (seconds)."""

    words: str
    start: float
    end: float

    @property
    def samples(self) -> Samples:
        """Mono sound at 16 kHz, with MARGIN seconds of silence on both sides."""
        return self.at(SAMPLE_RATE)

    @property
    def length(self) -> float:
        """Length of the sound in seconds, margins included."""
        return self.end - self.start + 2 * MARGIN

    def at(self, rate: int) -> Samples:
        """Return the sound at another sample rate."""
        return _utterance(self.start, self.end, rate)


#: A woman of New Jersey, and a woman of Texas.
DIANE = Utterance(
    words="I'm originally from Chicago also. I'm in New Jersey now though.", start=18.42, end=21.62
)
SHEILA = Utterance(words="You know, they all call me a Yankee down here.", start=24.68, end=27.38)


@functools.cache
def _utterance(start: float, end: float, rate: int) -> Samples:
    with wave.open(str(recordings.sample().audio), "rb") as file:
        frames = file.readframes(file.getnframes())
    sample = np.frombuffer(frames, "<i2").astype(np.float32)
    words = sample[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    silence = np.zeros(round(MARGIN * SAMPLE_RATE), np.float32)
    sound = np.concatenate([silence, words * (_PEAK / np.abs(words).max()), silence])
    divisor = int(np.gcd(rate, SAMPLE_RATE))
    resampled = resample_poly(sound, rate // divisor, SAMPLE_RATE // divisor)
    return np.asarray(resampled, np.float32)


@dataclass(frozen=True, kw_only=True)
class Match:
    """Where an utterance was found in sound.

    `first_word` is in seconds, `likeness` between 0 and 1, `gain` the factor to its own level.
    """

    first_word: float
    likeness: float
    gain: float


def find(utterance: Utterance, sound: Samples) -> Match:
    """Return the best match of an utterance in mono sound at 16 kHz.

    Waves are compared in the band of telephones, which every codec keeps, whatever their sign.
    """
    reference = _reference(utterance)
    lead = round(MARGIN * SAMPLE_RATE)
    # Sound that lost its beginning or end matches partly outside of itself.
    padded = np.pad(_band(sound), (2 * lead, lead + max(0, len(reference) - len(sound))))
    products = np.abs(correlate(padded, reference, "valid"))
    sums = np.cumsum(np.concatenate([[0.0], padded**2]))
    energies = sums[len(reference) :] - sums[: -len(reference)]
    floor = _FLOOR * float(energies.max()) + _FLOOR
    energy = float(np.sum(reference**2))
    likeness = products / np.sqrt(np.maximum(energies, floor) * energy)
    best = int(np.argmax(likeness))
    return Match(
        first_word=best / SAMPLE_RATE - MARGIN,
        likeness=float(likeness[best]),
        gain=float(products[best]) / energy,
    )


def delay(part: Samples, whole: Samples) -> tuple[float, float]:
    """Return by how many seconds a part is later than the whole, and how alike they are then.

    Both begin at the same moment.
    """
    first, second = part.astype(np.float64), whole.astype(np.float64)
    products = correlate(first, second)
    best = int(np.argmax(products))
    size = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return (best - len(second) + 1) / SAMPLE_RATE, float(products[best]) / max(size, _FLOOR)


@functools.cache
def _reference(utterance: Utterance) -> npt.NDArray[np.float64]:
    return _band(utterance.samples)


def _band(sound: Samples) -> npt.NDArray[np.float64]:
    band = butter(2, _BAND, "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfiltfilt(band, sound), np.float64)


def words_of(text: str) -> list[str]:
    """Return the words of a text without punctuation, in lower case."""
    return re.findall(r"[a-z']+", text.lower())


def share_of_words(expected: str, text: str) -> float:
    """Return the share of the expected words that a text has in their order."""
    wanted, found = words_of(expected), words_of(text)
    blocks = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(wanted)
