"""Live recognition on a simulated clock, with an engine without a model."""

import time
from dataclasses import dataclass

import numpy as np
import pytest

from bench.live_offline import Simulation, quiet_sounds
from common.audio.resampling import Samples
from tests.unit.transcriber.worker.calls import voice
from tests.unit.transcriber.worker.live.streams import LiveFake
from transcriber.worker.engines.protocol import LiveSpeech, LiveWords, RecognitionOptions


@dataclass
class Slow(LiveFake):
    """Needs processor time for each hypothesis."""

    seconds: float = 0.0

    def recognize_speech(self, speech: LiveSpeech, options: RecognitionOptions) -> LiveWords:
        until = time.thread_time() + self.seconds
        while time.thread_time() < until:
            pass
        return super().recognize_speech(speech, options)


def speech() -> Samples:
    pause = np.zeros(24_000, np.float32)
    return np.concatenate([pause, voice(6.7, 7.1), pause, voice(8.0, 9.0), pause])


def test_words_become_final_in_simulated_time() -> None:
    engine = LiveFake()
    simulation = Simulation(engine, speech(), language="en", speed=0.0)
    text = simulation.run()
    assert text.text
    moments = [one.moment for one in text.shown]
    assert moments == sorted(moments)
    assert moments[-1] <= len(speech()) / 16_000 + 0.1
    final = next(one for one in text.shown if one.final)
    assert final.moment > final.final[-1].end
    assert all(options.language == "en" for _, options in engine.heard)


def test_a_slow_processor_delays_them() -> None:
    quick = Simulation(Slow(seconds=0.0), speech(), language="en").run()
    slow = Simulation(Slow(seconds=0.02), speech(), language="en", speed=0.02).run()
    first, later = (next(one.moment for one in text.shown if one.final) for text in (quick, slow))
    assert later > first + 0.9


def test_the_language_is_detected() -> None:
    engine = LiveFake()
    Simulation(engine, speech(), language=None, speed=0.0).run()
    assert {options.language for _, options in engine.heard} == {"de"}


@pytest.mark.parametrize(("name", "sound"), list(quiet_sounds(2.0)))
def test_quiet_sounds_are_sounds(name: str, sound: Samples) -> None:
    assert len(sound) == 32_000
    assert sound.dtype == np.dtype(np.float32)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1.0 or name in {"knocks"}
    assert np.abs(sound).max() > 0 or name == "silence"
