import gzip
import wave
from pathlib import Path

import numpy as np
import pytest

from bench import languages_cache, languages_mixtures, languages_voices
from bench.languages import score, times
from bench.languages_cache import digest, kept, version_of
from bench.languages_mixtures import (
    PEOPLE,
    VOICES,
    Checker,
    Composer,
    Mixture,
    Part,
    mixture_with_passage,
    words_of,
)
from bench.languages_voices import Saying, dialogs, is_native, prompts, texts
from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.protocol import Recognition, RecognizedSegment, RecognizedWord


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(languages_cache, "cache", lambda: tmp_path)
    return tmp_path


def part(language: str, start: float, end: float, text: str = "", *, voice: str = "real") -> Part:
    return Part(language=language, voice=voice, text=text, start=start, end=end)


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


def test_words_are_counted_by_kind_of_voice() -> None:
    mixture = Mixture(
        name="",
        kind="",
        parts=(
            part("en", 0.0, 3.0, voice="real"),
            part("de", 3.0, 6.0, voice="pico"),
            part("de", 6.0, 9.0, voice="bm_george"),
        ),
        samples=np.zeros(9 * SAMPLE_RATE, np.float32),
    )
    found = recognition(
        segment("en", ("one", 0.0, 1.0), ("two", 6.0, 8.0)),
        segment("de", ("drei", 3.0, 4.0), ("vier", 4.0, 5.0), ("fünf", 8.0, 8.5)),
    )
    assert times(mixture, found) == {
        "real people": (1.0, 0.0),
        "own language": (2.0, 0.0),
        "foreign language": (2.5, 2.0),
    }


def test_native_voices_speak_their_own_language() -> None:
    assert is_native("de", "pico")
    assert is_native("en", "bm_george")
    assert not is_native("de", "bm_george")
    for language, voice in VOICES["native"]:
        assert voice in PEOPLE or is_native(language, voice)


def test_sentences_of_native_voices_are_not_those_of_the_rules() -> None:
    for language, voice in VOICES["native"]:
        if voice not in PEOPLE:
            new = [text for text, _ in texts(language, "held_out")]
            assert len(new) == len(set(new)) >= 12
            assert not set(new) & {text for text, _ in texts(language)}


class _Trusting(Checker):
    def __init__(self) -> None:
        pass

    def gets_right(self, samples: Samples, language: str, text: str) -> bool:
        return True


def test_native_mixture_does_not_depend_on_those_before(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(_half: str, language: str, voice: str, _data: Path | None) -> list[Saying]:
        sound = np.full(4 * SAMPLE_RATE, 0.1, np.float32)
        numbers = range(12)
        return [
            Saying(language=language, voice=voice, text=f"{voice} {number}", samples=sound)
            for number in numbers
        ]

    monkeypatch.setattr(languages_mixtures, "sayings", said)
    all_of_them = list(Composer("native", _Trusting(), None).mixtures(6))
    (last,) = Composer("native", _Trusting(), None).mixtures(1, first=5)
    assert last.parts == all_of_them[5].parts
    assert [len({part.language for part in one.parts}) for one in all_of_them] == [2, 2, 3] * 2
    assert {part.kind for one in all_of_them for part in one.parts} == {
        "real people",
        "own language",
    }


def test_prompts_are_decoded_if_their_texts_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = tmp_path / "usr/share/doc/sounds/core-sounds-fr.txt.gz"
    sounds = tmp_path / "usr/share/asterisk/sounds/fr_CA"
    for directory in (listing.parent, sounds):
        directory.mkdir(parents=True)
    lines = (
        "one: Merci de rappeler plus tard, au revoir.",
        "two: Votre appel est important pour nous.",
        "beep: [un signal sonore de quelques secondes]",
        "gone: Ce message ne se trouve dans aucun fichier.",
    )
    listing.write_bytes(gzip.compress("\n".join(lines).encode()))
    for name in ("one", "two", "beep"):
        _write_sound(sounds / f"{name}.wav")
    monkeypatch.setattr(languages_voices, "_debian", lambda *_: tmp_path)
    found = [one.text for one in prompts("fr")]
    assert found == [line.partition(": ")[2] for line in lines[:2]]
    (wanted,) = prompts("fr", wanted=lambda text: "appel est" in text)
    assert (wanted.text, wanted.voice, wanted.seconds) == (found[1], "fr_CA", 0.5)


def test_dialogs_are_lines_of_the_two_actors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = tmp_path / "usr/share/games/fillets-ng"
    script = game / "script/share/bore_dialogs_nl.lua"
    sounds = game / "sound/share/bore/nl"
    for directory in (script.parent, sounds):
        directory.mkdir(parents=True)
    script.write_text(
        """
dialogId("a-m-one", "font_small", "What kind of strange ship is this?")
dialogStr("Wat is dit voor een vreemd schip?")


dialogId("a-v-two", "font_big", "I think you are a hundred years off.")
dialogStr("Ik denk dat je er honderd jaar naast zit.")


dialogId("a-x-three", "font_pink", "A third character speaks here, in a strange voice.")
dialogStr("Hier spreekt een derde figuur met een rare stem.")


dialogId("a-v-four", "font_big", "There is no recording of this line.")
dialogStr("Van deze zin bestaat er geen opname.")
"""
    )
    for name in ("a-m-one", "a-v-two", "a-x-three"):
        _write_sound(sounds / f"{name}.ogg")
    monkeypatch.setattr(languages_voices, "_debian", lambda *_: tmp_path)
    assert [(one.voice, one.text) for one in dialogs("nl")] == [
        ("small", "Wat is dit voor een vreemd schip?"),
        ("big", "Ik denk dat je er honderd jaar naast zit."),
    ]
    assert [one.voice for one in dialogs("nl", wanted=lambda text: "honderd" in text)] == ["big"]


def _write_sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(8_000))


def test_pauses_belong_to_the_nearer_part() -> None:
    mixture = Mixture(
        name="",
        kind="",
        parts=(part("en", 0.0, 4.0), part("de", 5.0, 9.0)),
        samples=np.zeros(9 * SAMPLE_RATE, np.float32),
    )
    assert [mixture.part_at(moment).language for moment in (4.4, 4.6, 12.0)] == ["en", "de", "de"]


def test_chinese_is_compared_by_characters_of_either_script() -> None:
    assert words_of("這裏有麪。", "zh") == words_of("这里有面", "zh")
    assert words_of("Straße, Über", "de") == ["strasse", "uber"]


def test_passage_lies_within_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Saying(
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
