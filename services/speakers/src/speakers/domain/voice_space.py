"""Voice spaces: comparison of voiceprints of one model, calibrated to probabilities.

Raw voiceprints lie in a narrow cone, and a telephone line moves them further than a change of
speaker does. A voice space subtracts the component common to all voices (its center) and projects
out the few directions of recording conditions (its nuisance). The cosine of two positions then
measures the similarity of two voices. Log odds fitted on recordings of real people turn it into a
probability.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from speakers.domain.voiceprint import Vector, VoiceModel

Place: TypeAlias = npt.NDArray[np.float64]

#: Limit of the log odds in either direction: about nine million to one.
_MOST_LOG_ODDS = 16.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOdds:
    """ln(likelihood of a cosine for one person / for two people) = offset + similarity * cosine.

    The duration of speech is not an input. It would sharpen the odds of recordings made alike and
    spoil the others: long speech of one person over two telephones is less similar than long speech
    over one.
    """

    offset: float
    similarity: float

    def of(self, similarity: float) -> float:
        """Return the log odds of a cosine in the voice space (-1 to 1)."""
        value = self.offset + self.similarity * similarity
        return min(_MOST_LOG_ODDS, max(-_MOST_LOG_ODDS, value))


#: For models without calibration: the log odds of CAM++ without a space, which err on the side of
#: not recognizing. Most other models separate two people further.
CAUTIOUS = LogOdds(offset=-21.95, similarity=34.93)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VoiceSpace:
    """Voice space of one model. `center` is (d,), `nuisance` (k, d) with orthonormal rows.

    `recall_points` are pairs (seconds of speech behind a profile, probability of recognizing its
    person). Spaces with equal `digest` are identical.
    """

    digest: str
    log_odds: LogOdds
    recall_points: tuple[tuple[float, float], ...]
    center: Place | None = None
    nuisance: Place | None = None

    def place(self, vector: Vector) -> Place:
        """Return the position of a voiceprint: a unit vector (d,)."""
        place = vector.astype(np.float64)
        if self.center is not None:
            place = _unit(place - self.center)
        if self.nuisance is not None:
            place = place - self.nuisance.T @ (self.nuisance @ place)
        return _unit(place)

    def probability(self, similarity: float) -> float:
        """Return the probability of one person at a cosine, given even prior odds."""
        return 1 / (1 + math.exp(-self.log_odds.of(similarity)))

    def recall(self, seconds: float) -> float:
        """Return the probability of recognizing a person, given the speech behind the profile."""
        known = [(math.log(point), chance) for point, chance in self.recall_points]
        times, chances = zip(*known, strict=True)
        if seconds < self.recall_points[0][0]:
            return float(chances[0] * seconds / self.recall_points[0][0])
        return float(np.interp(math.log(seconds), times, chances))


class VoiceSpaces:
    """Voice spaces of calibrated models, with a plain space for all others."""

    def __init__(self, spaces: Mapping[tuple[str, str], VoiceSpace]) -> None:
        """Take the spaces keyed by model name and version."""
        self._spaces = dict(spaces)

    def of(self, model: VoiceModel) -> VoiceSpace:
        """Return the space of a model."""
        space = self._spaces.get((model.name, model.version), PLAIN)
        fits = space.center is None or len(space.center) == model.dimension
        return space if fits else PLAIN

    def digest(self, name: str, version: str) -> str:
        """Return the digest of a model's space."""
        return self._spaces.get((name, version), PLAIN).digest

    @classmethod
    def load(cls, directory: Path | None = None) -> "VoiceSpaces":
        """Load the bundled spaces, overridden by those of a directory.

        Raises:
            ValueError: A file is not a voice space. The message names the file.
        """
        shipped = files("speakers").joinpath("voice_spaces").iterdir()
        own = sorted(directory.iterdir()) if directory is not None else []
        spaces: dict[tuple[str, str], VoiceSpace] = {}
        for file in (*shipped, *own):
            if file.name.endswith(".json"):
                spaces.update(_read(file.name, file.read_text()))
        return cls(spaces)


#: Voiceprints as they are, compared cautiously. The recall points are conservative guesses.
PLAIN = VoiceSpace(
    digest="plain-1", log_odds=CAUTIOUS, recall_points=((2.0, 0.3), (5.0, 0.5), (20.0, 0.8))
)


def _read(name: str, text: str) -> Iterable[tuple[tuple[str, str], VoiceSpace]]:
    try:
        stored: dict[str, Any] = json.loads(text)
        center = np.array(stored["centre"], dtype=np.float64)
        nuisance = np.array(stored["nuisance"], dtype=np.float64).reshape(-1, len(center))
        points = tuple((float(seconds), float(chance)) for seconds, chance in stored["recall"])
        if not points or not np.isfinite(center).all() or not np.isfinite(nuisance).all():
            raise ValueError("recall is empty, or a number is not finite")
        space = VoiceSpace(
            digest=_digest(stored),
            log_odds=LogOdds(**{key: float(value) for key, value in stored["log_odds"].items()}),
            recall_points=points,
            center=center,
            nuisance=_orthonormal(nuisance),
        )
        return [((str(stored["model"]), str(version)), space) for version in stored["versions"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a voice space: {error}") from error


def _digest(stored: Mapping[str, Any]) -> str:
    # Covers every value that affects positions or the confidence of a profile.
    decisive = {key: stored[key] for key in ("centre", "nuisance", "log_odds", "recall")}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _orthonormal(rows: Place) -> Place:
    # Rounding in the file leaves the rows not quite orthonormal.
    return np.asarray(np.linalg.qr(rows.T)[0].T) if len(rows) else rows


def _unit(vector: Place) -> Place:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 0 else vector


def similarity(place: Sequence[float] | Place, other: Sequence[float] | Place) -> float:
    """Return the cosine of two positions, exactly rounded and therefore symmetric."""
    return math.fsum(a * b for a, b in zip(place, other, strict=True))
