"""Error about chunks missing from a capture, with their numbers."""

from common.errors import StateError


class MissingChunksError(StateError):
    """A capture cannot be finished yet. `numbers` are those of the missing chunks."""

    def __init__(self, error: StateError) -> None:
        """`error` is that of the transcriber, with the numbers as text."""
        super().__init__(error.message)
        self.numbers = [int(number) for number in error.details["missing"].split(",")]
