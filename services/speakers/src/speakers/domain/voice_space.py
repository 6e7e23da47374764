"""Voice spaces: where voiceprints of one model are compared, and what a likeness there is worth.

Raw voiceprints lie in a narrow cone, and a telephone moves them further than another person does.
A space takes out what all voices have in common (its centre) and the few directions in which the
way of recording shows (its nuisance); then the cosine of two places says how alike two voices are,
and log odds that were fitted on recordings of real people say what that is worth.
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

#: Surer than this no likeness makes (odds of some ten million to one).
_MOST_LOG_ODDS = 16.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOdds:
    """ln(probability of a likeness if one person / if two) = offset + similarity · cosine.

    How long people spoke does not enter. It would sharpen the odds where recordings are alike,
    and spoil them where they are not: long speech of one person over two telephones is less alike
    than long speech over one.
    """

    offset: float
    similarity: float

    def of(self, similarity: float) -> float:
        """The log odds of a likeness (cosine in the voice space, -1 to 1)."""
        value = self.offset + self.similarity * similarity
        return min(_MOST_LOG_ODDS, max(-_MOST_LOG_ODDS, value))


#: For models that nobody has calibrated: what is asked of CAM++ without a space, to err on the side
#: of not recognising. Most other models tell two persons further apart.
CAUTIOUS = LogOdds(offset=-21.95, similarity=34.93)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VoiceSpace:
    """The space of one model. `centre` is (d,), `nuisance` (k, d) with orthonormal rows.

    `recall` are points (seconds of speech that a profile rests on, chance that its person is
    recognised). Spaces of one `digest` are the same.
    """

    digest: str
    log_odds: LogOdds
    recall_points: tuple[tuple[float, float], ...]
    centre: Place | None = None
    nuisance: Place | None = None

    def place(self, vector: Vector) -> Place:
        """Where a voiceprint lies: a unit vector (d,)."""
        place = vector.astype(np.float64)
        if self.centre is not None:
            place = _unit(place - self.centre)
        if self.nuisance is not None:
            place = place - self.nuisance.T @ (self.nuisance @ place)
        return _unit(place)

    def probability(self, similarity: float) -> float:
        """The probability of one person where one is as likely as two from the outset."""
        return 1 / (1 + math.exp(-self.log_odds.of(similarity)))

    def recall(self, seconds: float) -> float:
        """The chance that a person is recognised by a profile that rests on so much speech."""
        known = [(math.log(point), chance) for point, chance in self.recall_points]
        times, chances = zip(*known, strict=True)
        if seconds < self.recall_points[0][0]:
            return float(chances[0] * seconds / self.recall_points[0][0])
        return float(np.interp(math.log(seconds), times, chances))


class VoiceSpaces:
    """The spaces of all models that have been calibrated, and a plain one for all others."""

    def __init__(self, spaces: Mapping[tuple[str, str], VoiceSpace]) -> None:
        """`spaces` are by the name and the version of the model."""
        self._spaces = dict(spaces)

    def of(self, model: VoiceModel) -> VoiceSpace:
        """The space of a model."""
        space = self._spaces.get((model.name, model.version), PLAIN)
        fits = space.centre is None or len(space.centre) == model.dimension
        return space if fits else PLAIN

    def digest(self, name: str, version: str) -> str:
        """The digest of a model's space."""
        return self._spaces.get((name, version), PLAIN).digest

    @classmethod
    def load(cls, directory: Path | None = None) -> "VoiceSpaces":
        """The spaces that come with the service; those of a directory win over them.

        Raises:
            ValueError: a file is not a voice space; the message names it.
        """
        shipped = files("speakers").joinpath("voice_spaces").iterdir()
        own = sorted(directory.iterdir()) if directory is not None else []
        spaces: dict[tuple[str, str], VoiceSpace] = {}
        for file in (*shipped, *own):
            if file.name.endswith(".json"):
                spaces.update(_read(file.name, file.read_text()))
        return cls(spaces)


#: Voiceprints as they are, compared with caution. The chances are guesses of the careful kind.
PLAIN = VoiceSpace(
    digest="plain-1", log_odds=CAUTIOUS, recall_points=((2.0, 0.3), (5.0, 0.5), (20.0, 0.8))
)


def _read(name: str, text: str) -> Iterable[tuple[tuple[str, str], VoiceSpace]]:
    try:
        stored: dict[str, Any] = json.loads(text)
        centre = np.array(stored["centre"], dtype=np.float64)
        nuisance = np.array(stored["nuisance"], dtype=np.float64).reshape(-1, len(centre))
        points = tuple((float(seconds), float(chance)) for seconds, chance in stored["recall"])
        if not points or not np.isfinite(centre).all() or not np.isfinite(nuisance).all():
            raise ValueError("numbers are missing")
        space = VoiceSpace(
            digest=_digest(stored),
            log_odds=LogOdds(**{key: float(value) for key, value in stored["log_odds"].items()}),
            recall_points=points,
            centre=centre,
            nuisance=_orthonormal(nuisance),
        )
        return [((str(stored["model"]), str(version)), space) for version in stored["versions"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a voice space: {error}") from error


def _digest(stored: Mapping[str, Any]) -> str:
    """Changes with whatever decides where voices lie or what a profile is worth."""
    decisive = {key: stored[key] for key in ("centre", "nuisance", "log_odds", "recall")}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _orthonormal(rows: Place) -> Place:
    # Rounded when they were written down, they are not quite orthonormal any more.
    return np.asarray(np.linalg.qr(rows.T)[0].T) if len(rows) else rows


def _unit(vector: Place) -> Place:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 0 else vector


def similarity(place: Sequence[float] | Place, other: Sequence[float] | Place) -> float:
    """The cosine of two places, exactly rounded: the same whatever order they come in."""
    return math.fsum(a * b for a, b in zip(place, other, strict=True))
