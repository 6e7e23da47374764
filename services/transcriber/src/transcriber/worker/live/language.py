"""Language of the utterances of one channel, given or detected."""

from transcriber.worker.engines.languages import CERTAIN, Heard, is_common

#: Seconds of speech in which a language is detected reliably.
ENOUGH = 2.0


class LanguageChoice:
    """Language in use. A detected one is checked once in each utterance of some length."""

    def __init__(self, given: str | None) -> None:
        self.current = given
        self._given = given is not None
        self._confirmed = False
        self._checked = 0.0

    @property
    def settled(self) -> bool:
        """Whether the language of the current utterance will not change."""
        return self._given or self._checked >= ENOUGH

    def begin(self) -> None:
        """Begin another utterance. It is in the language of the last one until it is checked."""
        self._checked = 0.0

    def wants(self, seconds: float, *, last: bool) -> bool:
        """Return whether to detect the language, with so much speech of the utterance.

        `last` tells that the utterance has ended.
        """
        if self._given:
            return False
        if self.current is None or (last and not self._confirmed):
            return True
        return self._checked < ENOUGH <= seconds

    def take(self, heard: Heard) -> bool:
        """Take a detection. Return whether the language is another one now."""
        before = self.current
        self._checked = max(self._checked, heard.seconds)
        if not self._confirmed:
            self.current = self._likely(heard)
            self._confirmed = heard.seconds >= ENOUGH
        elif heard.probability(heard.best) >= CERTAIN and is_common(heard.best):
            self.current = heard.best
        return before is not None and self.current != before

    def _likely(self, heard: Heard) -> str:
        """Return the first language. Unclear speech is often taken for rare ones."""
        is_certain = heard.seconds >= ENOUGH and heard.probability(heard.best) >= CERTAIN
        return heard.best if is_certain else heard.best_common
