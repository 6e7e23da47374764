"""Numbers of speakers that a recording may have, and those that somebody asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerLimits:
    """At least `fewest` and at most `most` speakers, None for any number.

    A speaker with less than `least_speech` seconds in total is merged into another one.
    """

    fewest: int = 1
    most: int | None = 10
    least_speech: float = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestedSpeakers:
    """Numbers of speakers in a request. 0 means that nothing was said about it."""

    exactly: int = 0
    at_least: int = 0
    at_most: int = 0

    @property
    def most(self) -> int | None:
        """The largest number, None if it was not limited."""
        return self.exactly or self.at_most or None

    def limits(self, defaults: SpeakerLimits) -> SpeakerLimits:
        """Return the limits of a recording, completed by the defaults."""
        most = self.most
        if most is None and defaults.most is not None:
            most = max(defaults.most, self.at_least)
        return SpeakerLimits(
            fewest=self.exactly or self.at_least or min(defaults.fewest, most or defaults.fewest),
            most=most,
            least_speech=defaults.least_speech,
        )

    def warning(self, found: int) -> str | None:
        """Return a sentence for the owner if there are fewer or more speakers than requested."""
        if self.exactly and found != self.exactly:
            requested = f"{self.exactly}"
        elif found < self.at_least:
            requested = f"at least {self.at_least}"
        elif self.at_most and found > self.at_most:
            requested = f"at most {self.at_most}"
        else:
            return None
        return f"Speakers requested: {requested}. Speakers found: {found}."
