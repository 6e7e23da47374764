"""One channel of a live stream: the next sound to recognize, and the results of its words.

The state is pure: it neither recognizes nor waits. Positions are samples from the beginning of the
stream, and words are timed in seconds from there.

The sound of an utterance is recognized again and again while it grows. Words in which successive
hypotheses agree are final, and a pause makes the rest of the utterance final. A few seconds of
sound with final words stay in front of new sound, since models understand words better in their
context. The rest is dropped between words, so that no hypothesis takes long.
"""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.protocol import RecognizedWord
from transcriber.worker.engines.voice_activity import Span
from transcriber.worker.live.agreement import SENTENCE_ENDS, Agreement, continuation, worthwhile
from transcriber.worker.live.credibility import is_credible
from transcriber.worker.live.endpoints import FRAME, Edge, Endpoints
from transcriber.worker.live.jobs import Job, Piece
from transcriber.worker.live.sound import SoundBuffer

#: Longest sound of a hypothesis. Words of longer utterances are made final, agreed or not.
LONGEST = 16 * SAMPLE_RATE
#: Sound that is heard again after that.
_OVERLAP = 4 * SAMPLE_RATE
#: Sound after the last speech that belongs to the utterance.
_TAIL = round(0.3 * SAMPLE_RATE)
#: Silence from which on speech is recognized at once, since the utterance may have ended.
_HUSH = round(0.2 * SAMPLE_RATE)
#: Final sound that is kept as the context of new sound, and the most of it. It is dropped in a
#: pause between words (in seconds) or after a sentence, and anywhere if there is too much.
_CONTEXT, _MOST_CONTEXT = 3 * SAMPLE_RATE, 7 * SAMPLE_RATE
_GAP = 0.12
#: A longer pause separates speech from its context.
_SEPARATE = 2 * SAMPLE_RATE
#: Sound on both sides of final words that goes with them.
_MARGIN = round(0.25 * SAMPLE_RATE)
#: Credible words outlast a hypothesis that is not, if that has heard at most so much more speech.
_NEAR = round(0.5 * SAMPLE_RATE)
#: Agreed words become final from this length on, in seconds.
PIECE = 1.0


class Channel:
    """State of one channel."""

    def __init__(self, *, step: float = 0.35, piece: float = PIECE) -> None:
        """`step` is the least sound, in seconds, between two hypotheses.

        Agreed words become final once they last as long as a `piece`, in seconds.
        """
        self._piece = piece
        self._step = round(step * SAMPLE_RATE)
        self._endpoints = Endpoints()
        self._sound = SoundBuffer()
        self._probabilities: deque[float] = deque()
        self._agreement = Agreement()
        self._start = 0
        self._past: list[Span] = []
        self._final: list[RecognizedWord] = []
        self._continues = self._shown = False
        self._heard: tuple[Job, list[RecognizedWord]] | None = None
        #: The last hypothesis whose words are credible.
        self._credible: tuple[Job, list[RecognizedWord]] | None = None
        self._ended = self._closing = False
        #: Position up to which final words and silence cover the sound.
        self.covered = 0
        #: Whether agreed words may become final. They must not while the language is unsure.
        self.settled = True

    @property
    def end(self) -> int:
        """Position up to which sound has arrived."""
        return self._sound.end

    @property
    def backlog(self) -> int:
        """Samples that have not been looked at."""
        return len(self._probabilities) * FRAME

    @property
    def begin(self) -> int | None:
        """Beginning of the current utterance's speech, None in silence."""
        endpoints = self._endpoints
        return None if endpoints.begin is None else endpoints.spans[0].start

    @property
    def done(self) -> bool:
        """Whether nothing more is to be recognized."""
        over = self._closing or (self._ended and not self._probabilities)
        return over and self._endpoints.begin is None

    def push(self, samples: Samples, probabilities: Sequence[float]) -> None:
        """Add sound, and the probabilities of its complete frames."""
        self._sound.push(samples)
        self._probabilities.extend(probabilities)

    def finish(self) -> None:
        """End the sound."""
        self._ended = True

    def close(self) -> None:
        """Take no utterance after the current one."""
        self._closing = True

    def relisten(self) -> None:
        """Forget the hypotheses and the context, since they were in another language."""
        self._agreement.reset()
        self._heard = self._credible = None
        self._begin_at(self.covered)

    def cut(self, job: Job) -> Samples:
        """Return the sound of a job."""
        return self._sound.cut(job.start, job.end)

    def next(self, *, step: float = 0.0, now: bool = False) -> Job | None:
        """Look at the sound that has arrived. Return a job, None if there is none yet.

        `step` is the least sound, in seconds, between two hypotheses while recognition is slow.
        With `now`, the utterance ends here.
        """
        paused = self._advance()
        endpoints = self._endpoints
        if endpoints.begin is None:
            return None
        job = Job(
            start=self._start,
            end=min(endpoints.position, endpoints.spoken + _TAIL),
            spoken=endpoints.spoken,
            fresh=self.covered,
            spans=self._spans(),
            before=tuple(self._final),
            guess=tuple(self._heard[1]) if self._heard else (),
            last=paused or now or (self._ended and not self._probabilities),
            full=endpoints.position - self._start >= LONGEST,
        )
        if job.last or job.full or self._is_due(job, round(step * SAMPLE_RATE)):
            return job
        return None

    def conclude(self, job: Job) -> list[Piece] | None:
        """Return the results of a last job from an earlier hypothesis of the same speech.

        None means that there is none, and that it has to be recognized.
        """
        if self._heard is None or not job.last:
            return None
        before, words = self._heard
        if before.spoken < job.spoken or before.start != job.start or not _has_tail(before):
            return None
        return self._last(job, words)

    def apply(
        self, job: Job, words: Sequence[RecognizedWord], *, follow: bool = False
    ) -> list[Piece]:
        """Take the words of a job. Return the results, in order of time.

        With `follow`, the words before are not among them.
        """
        left = list(words) if follow else continuation(words, self._final)
        credible = is_credible(left, seconds=job.speech_seconds, started=self._continues)
        left = self._within_utterance(left) if credible else self._believed(job)
        if job.last:
            return self._last(job, left)
        agreed = self._agreement.add(left, heard=job.end / SAMPLE_RATE) if credible else 0
        count = worthwhile(left[:agreed], least=self._piece) if self.settled else 0
        if job.full:
            count = max(count, self._overdue(job, left))
        pieces = []
        if count:
            pieces.append(self._final_piece(left[:count]))
            self._agreement.commit(count)
            self._settle(job, left, count)
        if job.full:
            self._make_room(job, left[count:])
        self._heard = (replace(job, start=self._start), left[count:])
        if credible:
            self._credible = self._heard
        if left[count:] or self._shown:
            pieces.append(self._draft(left[count:]))
        return pieces

    def _is_due(self, job: Job, step: int) -> bool:
        """Return whether there is enough new sound for a hypothesis."""
        if self._heard is None:
            return job.spoken - self._endpoints.spans[0].start >= self._step
        before = self._heard[0]
        if self._endpoints.silence >= _HUSH:
            return before.spoken < job.spoken or not _has_tail(before)
        return job.end - before.end >= max(self._step, step)

    def _advance(self) -> bool:
        """Look at frames until an utterance ends or is long. Return whether it has ended."""
        endpoints = self._endpoints
        while not endpoints.paused:
            speaking = endpoints.begin is not None
            if speaking and endpoints.position - self._start >= LONGEST:
                return False
            if not self._probabilities or (self._closing and not speaking):
                break
            if endpoints.push(self._probabilities.popleft()) is Edge.BEGIN:
                self._open()
        if endpoints.begin is None:
            rest = self._ended and not self._probabilities
            self._cover(self._sound.end if rest else endpoints.settled)
            if endpoints.settled - self._spoken >= _SEPARATE:
                self._begin_at(endpoints.settled)
        return endpoints.paused

    def _open(self) -> None:
        begin = self._endpoints.begin
        assert begin is not None
        if not self._final or begin - self._spoken >= _SEPARATE:
            self._begin_at(begin)
        self._continues, self._shown = False, False
        self._heard = self._credible = None
        self._agreement.reset()
        self._cover(begin)

    def _spans(self) -> tuple[Span, ...]:
        return tuple(
            Span(start=max(0, span.start - self._start), end=span.end - self._start)
            for span in (*self._past, *self._endpoints.spans)
            if span.end > self._start
        )

    def _believed(self, job: Job) -> list[RecognizedWord]:
        """Return the last credible words, in place of those of a job that are not.

        There are none if much more speech has come since. The words were wrong then.
        """
        if self._credible is None:
            return []
        before, words = self._credible
        near = before.start == job.start and job.spoken - before.spoken <= _NEAR
        return words if near else []

    def _within_utterance(self, words: Sequence[RecognizedWord]) -> list[RecognizedWord]:
        """Return the words without the sound before the utterance.

        An engine may time the first word from the end of the word before, across the pause. That
        sound may be of another speaker.
        """
        first = (self.begin or 0) / SAMPLE_RATE
        return [
            replace(word, start=first) if word.start < first < word.end else word for word in words
        ]

    def _final_piece(self, words: Sequence[RecognizedWord]) -> Piece:
        begin = max(self._sound.start, round(words[0].start * SAMPLE_RATE) - _MARGIN)
        end = round(max(word.end for word in words) * SAMPLE_RATE) + _MARGIN
        piece = Piece(
            words=tuple(words),
            final=True,
            continues=self._continues,
            sound=self._sound.cut(begin, end),
            begin=begin / SAMPLE_RATE,
        )
        self._final += words
        self._continues, self._shown = True, False
        return piece

    def _draft(self, words: Sequence[RecognizedWord]) -> Piece:
        self._shown = bool(words)
        return Piece(words=tuple(words), final=False, continues=self._continues)

    def _settle(self, job: Job, words: Sequence[RecognizedWord], count: int) -> None:
        """Note that the first of the words are final."""
        last = words[count - 1]
        following = words[count].start if count < len(words) else last.end + 2 * _GAP
        place = round((last.end + max(0.0, following - last.end) / 2) * SAMPLE_RATE)
        self._cover(min(job.end, place))
        self._trim()

    def _trim(self) -> None:
        """Drop the beginning of the context if there is too much of it."""
        latest = self.covered - _CONTEXT
        places = [
            (round((word.end + after.start) / 2 * SAMPLE_RATE), is_good_end(word, after))
            for word, after in itertools.pairwise(self._final)
        ]
        good = [place for place, is_good in places if is_good and self._start < place <= latest]
        if good:
            self._begin_at(good[-1])
        elif self.covered - self._start > _MOST_CONTEXT:
            self._begin_at(max((place for place, _ in places if place <= latest), default=latest))

    def _overdue(self, job: Job, words: Sequence[RecognizedWord]) -> int:
        """Return how many words of an endless utterance to make final without agreement."""
        until = (job.end - _OVERLAP) / SAMPLE_RATE
        return sum(1 for word in words if word.end <= until)

    def _make_room(self, job: Job, left: Sequence[RecognizedWord]) -> None:
        """Drop the beginning of full sound. Words that are not final are heard again."""
        place = job.end - _OVERLAP
        if left:
            place = min(place, round(left[0].start * SAMPLE_RATE))
        place = max(place, job.start + _OVERLAP)
        if place > self._start:
            self._cover(place)
            self._begin_at(place)

    def _begin_at(self, place: int) -> None:
        """Drop the sound before a place between words, and the words in it."""
        self._start = max(self._start, place)
        first = self._start / SAMPLE_RATE
        self._final = [word for word in self._final if (word.start + word.end) / 2 > first]
        self._past = [span for span in self._past if span.end > self._start]
        self._sound.forget(self._start)

    @property
    def _spoken(self) -> int:
        """End of the final words in the context."""
        return round(self._final[-1].end * SAMPLE_RATE) if self._final else self._start

    def _last(self, job: Job, words: Sequence[RecognizedWord]) -> list[Piece]:
        pieces = []
        if words:
            pieces.append(self._final_piece(words))
        elif self._shown:
            pieces.append(self._draft(()))
        self._past += self._endpoints.spans
        self._endpoints.close(job.end)
        self._cover(job.end)
        self._trim()
        self._heard = None
        return pieces

    def _cover(self, position: int) -> None:
        self.covered = max(self.covered, position)


def is_good_end(word: RecognizedWord, after: RecognizedWord) -> bool:
    """Return whether sound may be cut between two words."""
    return after.start - word.end >= _GAP or word.text.endswith(SENTENCE_ENDS)


def _has_tail(job: Job) -> bool:
    """Return whether a hypothesis has heard some silence after the speech."""
    return job.end - job.spoken >= _HUSH // 2
