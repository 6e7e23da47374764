"""A channel: what is recognized when, and what becomes of the words."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE
from tests.unit.transcriber.worker.live.words import text_of, words
from transcriber.worker.engines.protocol import RecognizedWord
from transcriber.worker.live.channel import LONGEST, Channel
from transcriber.worker.live.endpoints import FRAME
from transcriber.worker.live.jobs import Piece


class Speech:
    """Sound whose words are known, and a recognizer that hears those within a job."""

    def __init__(
        self,
        said: Sequence[RecognizedWord],
        seconds: float,
        *,
        seed: int = 1,
        follow: bool = False,
    ) -> None:
        """With `follow`, the recognizer continues the final words."""
        self.said = said
        self.follow = follow
        self.frames = round(seconds * SAMPLE_RATE / FRAME)
        self.random = random.Random(seed)

    def probability(self, frame: int) -> float:
        moment = (frame + 0.5) * FRAME / SAMPLE_RATE
        return 0.9 if any(word.start <= moment < word.end for word in self.said) else 0.02

    def hear(self, start: float, end: float) -> list[RecognizedWord]:
        """Return the words, with moved times. One that is cut off at the end is another word."""
        heard = []
        for word in self.said:
            if (word.start + word.end) / 2 <= start or word.start >= end - 0.02:
                continue
            moved = self.random.uniform(-0.08, 0.08)
            cut = word.end > end + 0.02
            heard.append(
                replace(
                    word,
                    text="ugh" if cut else word.text,
                    start=max(start, word.start + moved),
                    end=min(end, word.end + moved),
                )
            )
        return heard

    def feed(self, channel: Channel, *, frames: int = 3) -> list[Piece]:
        """Send everything, some frames at a time. Return all results."""
        pieces = []
        for first in range(0, self.frames, frames):
            count = min(frames, self.frames - first)
            found = [self.probability(frame) for frame in range(first, first + count)]
            channel.push(np.zeros(count * FRAME, np.float32), found)
            pieces += self.work(channel)
        channel.finish()
        pieces += self.work(channel)
        assert channel.done
        return pieces

    def work(self, channel: Channel) -> list[Piece]:
        pieces = []
        while (job := channel.next()) is not None:
            assert job.end - job.start <= LONGEST + FRAME
            assert len(channel.cut(job)) == job.end - job.start
            found = channel.conclude(job)
            if found is None:
                heard = self.hear(job.start / SAMPLE_RATE, job.end / SAMPLE_RATE)
                if self.follow:
                    heard = heard[len(job.before) :]
                found = channel.apply(job, heard, follow=self.follow)
            pieces += found
        return pieces


def final(pieces: Sequence[Piece]) -> str:
    return " ".join(text_of(piece.words) for piece in pieces if piece.final)


def sentence(count: int, *, start: float, prefix: str = "w") -> list[RecognizedWord]:
    return words(" ".join(f"{prefix}{number}" for number in range(count)), start=start)


def test_an_utterance_is_drafted_and_then_final() -> None:
    said = words("this is it", start=1.0)
    pieces = Speech(said, 4.0).feed(Channel())
    assert not pieces[0].final
    assert text_of(pieces[0].words).startswith("this")
    assert final(pieces) == "this is it"
    assert not pieces[-1].continues


class EarlySpeech(Speech):
    """Speech of two utterances, whose second one is timed from the end of the first."""

    def hear(self, start: float, end: float) -> list[RecognizedWord]:
        return [
            replace(word, start=max(start, 1.85)) if word.text == "four" else word
            for word in super().hear(start, end)
        ]


@pytest.mark.parametrize("follow", [False, True])
def test_words_have_no_sound_of_the_utterance_before(follow: bool) -> None:
    said = [*words("one two three", start=1.0), *words("four five six", start=3.0)]
    pieces = EarlySpeech(said, 6.0, follow=follow).feed(Channel())
    first, second = (piece for piece in pieces if piece.final)
    assert (text_of(first.words), text_of(second.words)) == ("one two three", "four five six")
    assert second.words[0].start == pytest.approx(3.0, abs=0.05)
    assert len(second.speech) < 1.1 * SAMPLE_RATE
    drafted = [word for piece in pieces for word in piece.words if word.text == "four"]
    assert all(word.start > 2.9 for word in drafted)


def test_silence_has_no_results_and_is_covered() -> None:
    channel = Channel()
    assert Speech([], 60.0).feed(channel) == []
    assert channel.covered == channel.end


def test_covered_sound_ends_before_words_that_are_not_final() -> None:
    said = words("one two three", start=1.0)
    speech, channel = Speech(said, 4.0), Channel()
    for frame in range(speech.frames):
        channel.push(np.zeros(FRAME, np.float32), [speech.probability(frame)])
        done = any(piece.final for piece in speech.work(channel))
        if done:
            break
        assert channel.covered <= 1.0 * SAMPLE_RATE
    assert channel.covered >= 1.9 * SAMPLE_RATE


def test_long_sentences_become_final_while_they_are_spoken() -> None:
    said = sentence(60, start=0.5)
    speech, channel = Speech(said, 20.0), Channel()
    delays = []
    for frame in range(speech.frames):
        channel.push(np.zeros(FRAME, np.float32), [speech.probability(frame)])
        now = (frame + 1) * FRAME / SAMPLE_RATE
        for piece in speech.work(channel):
            delays += [now - word.end for word in piece.words if piece.final]
    assert max(delays) < 2.5


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_no_word_is_lost_or_repeated(seed: int, follow: bool) -> None:
    chance = random.Random(seed)
    said: list[RecognizedWord] = []
    moment = 0.5
    for number in range(8):
        count = chance.choice([1, 2, 5, 20, 60])
        said += sentence(count, start=moment, prefix=f"s{number}w")
        moment = said[-1].end + chance.uniform(0.3, 3.0)
    speech = Speech(said, moment, seed=seed, follow=follow)
    pieces = speech.feed(Channel(), frames=chance.choice([1, 7, 40]))
    assert final(pieces) == text_of(said)


def test_much_sound_at_once_is_divided_as_if_it_came_slowly() -> None:
    said = [*words("one two", start=1.0), *words("three four", start=4.0), *sentence(90, start=8.0)]
    pieces = Speech(said, 40.0).feed(Channel(), frames=10_000)
    assert final(pieces) == text_of(said)


def test_sound_without_agreement_stays_bounded() -> None:
    speech, channel = Speech(sentence(200, start=0.5), 65.0), Channel()
    channel.settled = False
    pieces = speech.feed(channel)
    assert final(pieces) == text_of(speech.said)


def test_speech_without_words_stays_bounded() -> None:
    class Wordless(Speech):
        def hear(self, start: float, end: float) -> list[RecognizedWord]:
            return []

    channel = Channel()
    assert Wordless(sentence(200, start=0.5), 65.0).feed(channel) == []
    assert channel.covered == channel.end


def test_a_draft_is_taken_back_if_there_was_no_word() -> None:
    channel = Channel()
    speech = Speech(words("hm hm hm", start=1.0), 4.0)
    pieces: list[Piece] = []
    for frame in range(speech.frames):
        channel.push(np.zeros(FRAME, np.float32), [speech.probability(frame)])
        while (job := channel.next()) is not None:
            heard = words("thanks", start=1.0) if not pieces else []
            pieces += channel.conclude(job) or channel.apply(job, heard)
    assert [text_of(piece.words) for piece in pieces] == ["thanks", ""]
    assert not any(piece.final for piece in pieces)


def test_after_closing_only_the_current_utterance_ends() -> None:
    said = [*words("one two three", start=1.0), *words("four", start=4.0)]
    speech, channel = Speech(said, 6.0), Channel()
    pieces = []
    for frame in range(speech.frames):
        channel.push(np.zeros(FRAME, np.float32), [speech.probability(frame)])
        if frame == round(1.5 * SAMPLE_RATE / FRAME):
            channel.close()
        pieces += speech.work(channel)
    assert channel.done
    assert final(pieces) == "one two three"
    assert channel.covered < 4.0 * SAMPLE_RATE


def test_an_utterance_can_be_ended_at_once() -> None:
    speech, channel = Speech(sentence(40, start=0.5), 10.0), Channel()
    channel.push(
        np.zeros(speech.frames * FRAME, np.float32),
        [speech.probability(frame) for frame in range(speech.frames)],
    )
    assert channel.next() is not None
    channel.close()
    job = channel.next(now=True)
    assert job is not None
    assert job.last
    pieces = channel.apply(job, speech.hear(0.0, job.end / SAMPLE_RATE))
    assert final(pieces).startswith(text_of(speech.said[:30]))
    assert channel.done


def test_unlikely_words_are_not_shown() -> None:
    class Unsure(Speech):
        def hear(self, start: float, end: float) -> list[RecognizedWord]:
            return [replace(word, probability=0.3) for word in super().hear(start, end)]

    assert Unsure(words("this is noise", start=1.0), 4.0).feed(Channel()) == []


@pytest.mark.parametrize(("since", "expected"), [(1.0, "yes it is"), (0.5, "")])
def test_words_last_through_an_unlikely_hypothesis_of_hardly_more(
    since: float, expected: str
) -> None:
    class Doubtful(Speech):
        """Speech whose words are heard as something unlikely from some time on."""

        def hear(self, start: float, end: float) -> list[RecognizedWord]:
            heard = words("yes it is", start=1.0)
            if end < 1.0 + since + 0.3:
                return heard
            return [replace(word, text="duh", probability=0.2) for word in heard]

    pieces = Doubtful(words("yes it is it", start=1.0), 4.0).feed(Channel(step=0.2))
    assert "yes it is" in [text_of(piece.words) for piece in pieces if not piece.final]
    assert final(pieces) == expected
