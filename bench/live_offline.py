"""Live recognition of recordings on a simulated clock, as fast as the processor allows.

    python -m bench.live_offline --data DIR [--recording NAME] [--seconds 120] [--speed 1.0]
    python -m bench.live_offline --quiet 10

Sound arrives on the simulated clock, and each recognition takes the processor time that it has
used on all threads, divided by the `speed` of the simulated processor. So the delays are those of
one stream alone on a core, also on a machine that does other work. Prints the measures of the
finals, and the word error rates of the batch and the live text by stretches of a recording. With
`--quiet`, the sound is minutes of silence, noise and music, in which there must be no words.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import live_measures
from bench.engines import load_engine
from bench.engines_words import TimedWord
from bench.live_measures import LiveText
from bench.metrics import word_errors
from bench.recordings import Recording, in_directory
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.manifest import FASTER_WHISPER, MOONSHINE
from transcriber.worker.engines.protocol import LiveEngine, RecognitionOptions, RecognizedWord
from transcriber.worker.engines.speech_detector import SpeechDetector
from transcriber.worker.engines.windowed import WindowedEngine
from transcriber.worker.live.channel import Channel
from transcriber.worker.live.jobs import Job, Piece
from transcriber.worker.live.language import LanguageChoice
from transcriber.worker.live.recognition import LiveRecognizer

Sound = npt.NDArray[np.float64]
_CHUNK = SAMPLE_RATE // 10
#: Seconds of a recording whose errors are printed apart.
_STRETCH = 60.0


class Simulation:
    """One channel of one stream on a simulated clock."""

    def __init__(
        self, engine: LiveEngine, samples: Samples, *, language: str | None, speed: float = 1.0
    ) -> None:
        """Recognize in no time with a `speed` of 0."""
        self._recognizer = LiveRecognizer(engine, RecognitionOptions(language=language))
        self._choice = LanguageChoice(language)
        self._channel = Channel()
        self._detector = SpeechDetector()
        self._samples = samples
        self._speed = speed
        self._arrived = 0
        self._begin: int | None = None
        self._cost = 0.0
        #: Simulated time, and processor time of recognition, in seconds.
        self.now = self.worked = 0.0
        self.text = LiveText()

    def run(self) -> LiveText:
        """Recognize all sound. Return the text with the times at which it was shown."""
        while not self._channel.done:
            self._receive()
            job = self._channel.next(step=self._cost)
            self._note_begin()
            if job is not None:
                self._take(job)
            elif self._arrived < len(self._samples):
                self.now = min(len(self._samples), self._arrived + _CHUNK) / SAMPLE_RATE
            elif not self._channel.done:
                raise RuntimeError("the channel waits for sound after its end")
        return self.text

    def _receive(self) -> None:
        """Take the sound that has arrived."""
        while self._arrived < len(self._samples):
            end = min(len(self._samples), self._arrived + _CHUNK)
            if end / SAMPLE_RATE > self.now + 1e-9:
                return
            piece = self._samples[self._arrived : end]
            self._channel.push(piece, self._detector.push(piece))
            self._arrived = end
        self._channel.finish()

    def _note_begin(self) -> None:
        begin = self._channel.begin
        if begin is not None and begin != self._begin:
            self._choice.begin()
        self._begin = begin

    def _take(self, job: Job) -> None:
        channel = self._channel
        pieces = channel.conclude(job)
        if pieces is None:
            began = time.process_time()
            found = self._recognizer.recognize(job, channel.cut(job), self._choice)
            cost = time.process_time() - began
            self.worked += cost
            self._cost = cost / self._speed if self._speed else 0.0
            self.now += self._cost
            if found.changed:
                channel.relisten()
            channel.settled = self._choice.settled
            pieces = channel.apply(job, found.words, follow=found.follow)
        final = [word for piece in pieces if piece.final for word in piece.words]
        draft = _draft(pieces)
        if final or draft is not None:
            self.text.add(self.now, _timed(final), _timed(draft or ()))


def quiet_sounds(seconds: float, seed: int = 1) -> Iterator[tuple[str, Samples]]:
    """Yield sounds without speech by name, each so long."""
    random = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    times = np.arange(count) / SAMPLE_RATE
    white = random.normal(size=count)
    yield "silence", np.zeros(count, np.float32)
    yield "faint noise", (0.001 * white).astype(np.float32)
    yield "white noise", (0.1 * white).astype(np.float32)
    yield "pink noise", (0.3 * _colored(white, 0.5)).astype(np.float32)
    yield "brown noise", (0.5 * _colored(white, 1.0)).astype(np.float32)
    yield "hum", (0.2 * np.sin(2 * np.pi * 50 * times)).astype(np.float32)
    gusts = _colored(random.normal(size=count), 1.0) * np.abs(np.sin(times / 3))
    yield "wind", (0.8 * gusts).astype(np.float32)
    knocks = white * (random.random(count) > 0.9998)
    yield "knocks", np.convolve(knocks, np.exp(-np.arange(800) / 100), "same").astype(np.float32)
    yield "music", _music(times, random).astype(np.float32)


def _colored(white: Sound, exponent: float) -> Sound:
    """Return noise whose power falls with frequency, at most 1."""
    spectrum = np.fft.rfft(white)
    frequencies = np.maximum(np.fft.rfftfreq(len(white), 1 / SAMPLE_RATE), 20.0)
    sound = np.fft.irfft(spectrum / frequencies**exponent, len(white))
    found: Sound = sound / np.abs(sound).max()
    return found


def _music(times: Sound, random: np.random.Generator) -> Samples:
    """Return chords and a melody of tones with overtones, half a second each."""
    scale = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    places = (times / 0.5).astype(int)
    within = times - places * 0.5
    sound = np.zeros(len(times))
    for voice, level in ((0, 0.2), (1, 0.1), (2, 0.1)):
        notes = random.choice(scale, places[-1] + 1 if len(places) else 1)
        frequency = notes[places] / (1 + (voice > 0))
        for overtone in range(1, 6):
            phase = 2 * np.pi * frequency * overtone * within
            sound += level / overtone * np.sin(phase) * np.exp(-3 * within)
    return sound.astype(np.float32)


def _draft(pieces: Sequence[Piece]) -> Sequence[RecognizedWord] | None:
    """Return the words of the last draft, None without one."""
    drafts = [piece.words for piece in pieces if not piece.final]
    return drafts[-1] if drafts else None


def _timed(words: Sequence[RecognizedWord]) -> list[TimedWord]:
    return [TimedWord(text=word.text, start=word.start, end=word.end) for word in words]


def batch_words(engine: WindowedEngine, samples: Samples, language: str | None) -> list[TimedWord]:
    """Return the words of sound that is recognized as a whole."""
    found = engine.recognize_samples(
        samples, RecognitionOptions(language=language), cancelled=lambda: False
    )
    return _timed(found.words)


def compare(
    engine: WindowedEngine, recording: Recording, length: float, speed: float
) -> Iterator[str]:
    """Yield the measures of a recording."""
    samples = read_window(recording.audio, 0.0, length)
    length = len(samples) / SAMPLE_RATE
    words = batch_words(engine, samples, "en")
    simulation = Simulation(engine, samples, language="en", speed=speed)
    text = simulation.run()
    said = [one for one in recording.utterances if one.end <= length]
    reference = " ".join(one.text for one in said)
    batch = word_errors(reference, " ".join(word.text for word in words))
    yield f"{recording.name}, {length:.0f} s: WER of the whole {100 * batch.rate:.1f} %"
    yield "  " + str(
        live_measures.row(
            "live",
            text,
            reference=reference,
            words=words,
            seconds=length,
            cpu=simulation.worked / length,
        )
    )
    live = [word for one in text.shown for word in one.final]
    start = 0.0
    while start < length:
        end = start + _STRETCH
        part = " ".join(one.text for one in said if start <= one.start < end)
        spoken = [one for one in said if start <= one.start < end]
        if spoken:
            first, last = spoken[0].start, spoken[-1].end
            rates = (
                word_errors(part, " ".join(w.text for w in of if first - 0.2 <= w.start < last))
                for of in (words, live)
            )
            whole, own = rates
            yield f"  from {start:.0f} s: {100 * whole.rate:.1f} %, live {100 * own.rate:.1f} %"
        start = end


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.live_offline", description=__doc__)
    parser.add_argument("--data", type=Path, help="directory of recordings")
    parser.add_argument("--recording", default="", help="name of the only recording")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each recording")
    parser.add_argument("--speed", type=float, default=1.0, help="speed of the processor, 0: any")
    parser.add_argument("--quiet", type=float, default=0.0, help="minutes without speech")
    chosen = parser.parse_args()
    whisper, moonshine = load_engine(FASTER_WHISPER), load_engine(MOONSHINE)
    assert isinstance(whisper, WindowedEngine)
    assert isinstance(moonshine, WindowedEngine)
    whisper.delegate(moonshine.specialist("en"))
    if chosen.quiet:
        sounds = list(quiet_sounds(1.0))
        for name, sound in quiet_sounds(60 * chosen.quiet / len(sounds)):
            simulation = Simulation(whisper, sound, language=None, speed=0.0)
            text = simulation.run()
            shown = sum(1 for one in text.shown if one.final or one.draft)
            print(f"{name}: {len(sound) / SAMPLE_RATE:.0f} s, final {text.text!r}, shown {shown}")
    if chosen.data is None:
        return
    for recording in in_directory(chosen.data):
        if recording.utterances and chosen.recording in {"", recording.name}:
            for line in compare(whisper, recording, chosen.seconds, chosen.speed):
                print(line, flush=True)


if __name__ == "__main__":
    main()
