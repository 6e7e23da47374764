"""Names of models in requests, and their meaning in this deployment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from common.errors import NotFoundError

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_OWNER = "securetranscribe"


class ModelNotFoundError(NotFoundError):
    """No model has the requested name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedModel:
    """A name for the models of this deployment.

    `created` is the time of the name's introduction, in seconds. Speakers are told apart by default
    with `diarizes`, and only models able to translate accept translations.
    """

    name: str
    created: int
    diarizes: bool = False
    translates: bool = False

    def described(self) -> Mapping[str, str | int]:
        """Return the model as the API describes it."""
        return {"id": self.name, "object": "model", "created": self.created, "owned_by": _OWNER}


_MODELS = MappingProxyType(
    {
        model.name: model
        for model in (
            OfferedModel(name="whisper-1", created=1677532384, translates=True),
            OfferedModel(name="gpt-transcribe", created=1767225600),
            OfferedModel(name="gpt-4o-transcribe", created=1742068463),
            OfferedModel(name="gpt-4o-mini-transcribe", created=1742068596),
            OfferedModel(name="gpt-4o-transcribe-diarize", created=1750798887, diarizes=True),
        )
    }
)


def offered() -> tuple[OfferedModel, ...]:
    """Return all models."""
    return tuple(_MODELS.values())


def find(name: str) -> OfferedModel:
    """Return a model by its name, with or without the date of a snapshot.

    Raises:
        ModelNotFoundError: there is no such model.
    """
    model = _MODELS.get(_DATED.sub("", name))
    if model is None:
        known = ", ".join(_MODELS)
        raise ModelNotFoundError(
            f"The model '{name[:100]}' does not exist. The models are {known}.", {"field": "model"}
        )
    return model
