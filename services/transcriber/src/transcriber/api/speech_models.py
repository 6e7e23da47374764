"""Speech recognition models that callers can request."""

from common.errors import UnavailableError, ValidationError
from transcriber.queue.workers import WorkerRegistry


class SpeechModels:
    """The models that all recognition workers have, since any of them may get a task."""

    def __init__(self, workers: WorkerRegistry) -> None:
        self._workers = workers

    def names(self) -> list[str]:
        """Return the names of the models in order, none while there is no worker."""
        return sorted(self._workers.models())

    def check(self, model: str | None) -> None:
        """Check that a requested model exists. Empty and None are the default.

        Raises:
            ValidationError: no worker has it, or not all of them.
            UnavailableError: there is no worker, so that no model is known.
        """
        if not model:
            return
        known = self.names()
        if not known:
            raise UnavailableError(
                "There is no worker for speech recognition, so its models are not known. Try again "
                "later, or without a model."
            )
        if model not in known:
            raise ValidationError.of(
                "model", f"There is no such model. The models are {', '.join(known)}."
            )
