"""Where utterances begin and end, from the probability of speech in each frame."""

from dataclasses import dataclass
from enum import Enum

from common.audio.resampling import SAMPLE_RATE
from transcriber.worker.engines.voice_activity import Span

#: Samples per probability.
FRAME = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointOptions:
    """Thresholds of the probability, and times in seconds.

    Speech begins with `onset` seconds above `begins` and lasts while the probability is at least
    `lasts`. An utterance starts `pre_roll` before its speech, so that the first word is whole, and
    ends after a `pause`. Pauses from `gap` on divide its speech into spans.
    """

    begins: float = 0.5
    lasts: float = 0.35
    onset: float = 0.064
    pre_roll: float = 0.4
    pause: float = 0.5
    gap: float = 0.2


class Edge(Enum):
    """Beginning or end of an utterance."""

    BEGIN = "begin"
    END = "end"


class Endpoints:
    """State of one channel. Positions are samples from the beginning of the stream.

    `position` is the end of the frames seen, `begin` the start of the current utterance or None in
    silence, `spoken` the end of the last speech, and `spans` the speech of the utterance.
    """

    def __init__(self, options: EndpointOptions | None = None) -> None:
        options = options or EndpointOptions()
        self._options = options
        self._onset = max(1, round(options.onset * SAMPLE_RATE / FRAME))
        self._pre_roll = round(options.pre_roll * SAMPLE_RATE)
        self._pause = round(options.pause * SAMPLE_RATE)
        self._gap = round(options.gap * SAMPLE_RATE)
        self.position = 0
        self.begin: int | None = None
        self.spoken = 0
        self.spans: list[Span] = []
        self._floor = 0
        self._run = 0
        self._loud = False

    @property
    def silence(self) -> int:
        """Samples since the last speech of the utterance."""
        return self.position - self.spoken

    @property
    def paused(self) -> bool:
        """Whether the utterance has ended. It lasts until `close`."""
        return self.begin is not None and self.silence >= self._pause

    @property
    def settled(self) -> int:
        """The earliest sample that a later utterance may contain, while there is none."""
        return max(self._floor, self.position - self._run * FRAME - self._pre_roll)

    def push(self, probability: float) -> Edge | None:
        """Take the next frame. After an END, call `close` before the next one."""
        start = self.position
        self.position += FRAME
        least = self._options.lasts if self._loud else self._options.begins
        self._loud = probability >= least
        if self.begin is None:
            return self._wait(start)
        if self._loud:
            self._extend(start)
            return None
        return Edge.END if self.paused else None

    def close(self, at: int) -> None:
        """End the utterance. The next one begins at `at` or later."""
        self.begin = None
        self.spans = []
        self._floor = at
        self._run = 0
        self._loud = False

    def _wait(self, start: int) -> Edge | None:
        self._run = self._run + 1 if self._loud else 0
        if self._run < self._onset:
            return None
        first = start - (self._run - 1) * FRAME
        self.begin = max(self._floor, first - self._pre_roll)
        self.spans = [Span(start=max(self._floor, first), end=self.position)]
        self.spoken = self.position
        return Edge.BEGIN

    def _extend(self, start: int) -> None:
        last = self.spans[-1]
        if start - last.end >= self._gap:
            self.spans.append(Span(start=start, end=self.position))
        else:
            self.spans[-1] = Span(start=last.start, end=self.position)
        self.spoken = self.position
