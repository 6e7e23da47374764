"""Voiceprints: embeddings of a voice by one model."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from common.errors import ValidationError

Vector = npt.NDArray[np.float32]

LARGEST_DIMENSION = 2_000
_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceModel:
    """A model computing voiceprints.

    Voiceprints of different models or versions are never compared.
    """

    name: str
    version: str
    dimension: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiceprint:
    """A unit vector, its model, and the seconds of clean speech behind it."""

    model: VoiceModel
    vector: Vector
    seconds: float

    @classmethod
    def of(
        cls, values: Sequence[float], *, model: str, version: str, seconds: float
    ) -> "Voiceprint":
        """Validate a voiceprint of a caller and scale it to length one.

        Raises:
            ValidationError: The vector, the model or the seconds are invalid.
        """
        vector = np.asarray(values, dtype=np.float64)
        if not 1 <= len(vector) <= LARGEST_DIMENSION:
            raise ValidationError.of(
                "voiceprint.values", f"A voiceprint must have 1 to {LARGEST_DIMENSION} values."
            )
        norm = float(np.linalg.norm(vector))
        if not math.isfinite(norm) or norm < 1e-6:
            raise ValidationError.of(
                "voiceprint.values", "A voiceprint must be a finite vector other than zero."
            )
        for field, text in (("voiceprint.model", model), ("voiceprint.model_version", version)):
            if len(text) > _LONGEST_NAME or not text.isprintable():
                raise ValidationError.of(
                    field, f"This must be printable, with at most {_LONGEST_NAME} characters."
                )
        if not model:
            raise ValidationError.of("voiceprint.model", "The model of a voiceprint is required.")
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValidationError.of(
                "voiceprint.speech_duration", "The duration of speech must be 0 or more."
            )
        return cls(
            model=VoiceModel(name=model, version=version, dimension=len(vector)),
            vector=(vector / norm).astype(np.float32),
            seconds=seconds,
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 over the vector, the model and the seconds (32 bytes)."""
        described = f"{self.model.name}\0{self.model.version}\0{self.seconds!r}\0".encode()
        return hashlib.sha256(described + self.vector.tobytes()).digest()
