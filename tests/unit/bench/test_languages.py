from pathlib import Path

import numpy as np
import pytest

from bench import languages_cache, languages_voices
from bench.languages import score
from bench.languages_cache import digest, kept, version_of
from bench.languages_mixtures import Mixture, Part, mixture_with_passage, words_of
from common.audio.resampling import SAMPLE_RATE
from transcriber.worker.engines.protocol import Recognition, RecognizedSegment, RecognizedWord


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(languages_cache, "cache", lambda: tmp_path)
    return tmp_path


def part(language: str, start: float, end: float, text: str = "") -> Part:
    return Part(language=language, voice="", text=text, start=start, end=end)


def segment(language: str, *words: tuple[str, float, float]) -> RecognizedSegment:
    return RecognizedSegment(
        start=words[0][1],
        end=words[-1][2],
        text=" ".join(text for text, _, _ in words),
        words=tuple(
            RecognizedWord(text=text, start=start, end=end, probability=1.0)
            for text, start, end in words
        ),
        language=language,
        avg_logprob=0.0,
        no_speech_prob=0.0,
        compression_ratio=1.0,
        temperature=0.0,
    )


def recognition(*segments: RecognizedSegment) -> Recognition:
    return Recognition(
        segments=segments,
        languages=(),
        duration=10.0,
        speech_duration=10.0,
        processing_seconds=0.0,
        model="",
        model_version="",
    )


def test_words_are_wrong_where_nobody_speaks_their_language() -> None:
    mixture = Mixture(
        name="",
        kind="",
        parts=(part("en", 0.0, 4.0, "one two"), part("de", 5.0, 9.0, "drei vier")),
        samples=np.zeros(9 * SAMPLE_RATE, np.float32),
    )
    found = recognition(
        segment("en", ("One", 0.0, 1.0), ("two.", 2.0, 3.0), ("three", 5.5, 7.0)),
        segment("de", ("vier", 7.0, 8.0)),
    )
    scored = score(mixture, found, 2.5)
    assert (scored.seconds, scored.wrong, scored.cpu) == (4.5, 1.5, 2.5)
    assert (scored.errors, scored.words) == (1, 4)


def test_pauses_belong_to_the_nearer_part() -> None:
    mixture = Mixture(
        name="",
        kind="",
        parts=(part("en", 0.0, 4.0), part("de", 5.0, 9.0)),
        samples=np.zeros(9 * SAMPLE_RATE, np.float32),
    )
    assert [mixture.language_at(moment) for moment in (4.4, 4.6, 12.0)] == ["en", "de", "de"]


def test_chinese_is_compared_by_characters_of_either_script() -> None:
    assert words_of("這裏有麪。", "zh") == words_of("这里有面", "zh")
    assert words_of("Straße, Über", "de") == ["strasse", "uber"]


def test_passage_lies_within_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    said = languages_voices.Saying(
        language="de", voice="", text="Guten Tag", samples=np.full(SAMPLE_RATE, 0.1, np.float32)
    )
    monkeypatch.setattr("bench.languages_mixtures.spoken", lambda *_: [said] * 4)
    sound = np.full(60 * SAMPLE_RATE, 0.1, np.float32)
    quiet = slice(round(33.5 * SAMPLE_RATE), round(34.5 * SAMPLE_RATE))
    sound[quiet] = 0.0
    mixture = mixture_with_passage("tuning", "English", sound)
    before, passage, after = mixture.parts
    assert quiet.start < before.end * SAMPLE_RATE < quiet.stop
    assert [one.language for one in mixture.parts] == ["en", "de", "en"]
    assert passage.end - passage.start == pytest.approx(2.4)
    assert after.end == mixture.seconds == pytest.approx(62.4)


def test_result_is_made_once_per_key(results: Path) -> None:
    made: list[str] = []

    def make() -> str:
        made.append("made")
        return "result"

    assert [kept(("a", 1), make), kept(("a", 1), make), kept(("a", 2), make)] == ["result"] * 3
    assert len(made) == 2
    assert sum(path.is_file() for path in results.rglob("*")) == 2


def test_keys_depend_on_samples_and_source() -> None:
    sound = np.zeros(16, np.float32)
    assert digest(sound) == digest(sound.copy()) != digest(sound + 1)
    assert version_of(languages_cache) != version_of(languages_voices)
