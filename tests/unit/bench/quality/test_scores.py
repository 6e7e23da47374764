from pathlib import Path

import pytest

from bench.engines_words import TimedWord
from bench.quality.corpus import NO_SPEECH, Case
from bench.quality.scores import Heard, heard_by_script, scores
from bench.recordings import Recording, Utterance


def case(**values: object) -> Case:
    recording = Recording(
        name="x",
        audio=Path("x.wav"),
        utterances=(
            Utterance(start=10.0, end=12.0, speaker="anna", text="Good morning, Ben."),
            Utterance(start=13.0, end=15.0, speaker="ben", text="Hello!"),
        ),
        turns=((10.0, 12.0, "anna"), (13.0, 15.0, "ben")),
    )
    chosen: dict[str, object] = {"group": "g", "recording": recording, "seconds": 30.0, **values}
    return Case(**chosen)  # type: ignore[arg-type]


WORDS = {
    "words": [
        [10.0, 10.5, " Good"],
        [10.5, 11.5, " morning,"],
        [11.5, 12.0, " Ben."],
        [13.0, 15.0, " Hello!"],
        [25.0, 25.4, " Thanks."],
    ]
}


def test_words_and_speakers_are_scored() -> None:
    turns = {"turns": [[10.0, 12.0, "1"], [13.0, 15.0, "2"]]}
    found = scores(case(), heard_by_script(WORDS, turns))
    # "Thanks" is additional.
    assert found["wer"] == pytest.approx(25.0)
    assert found["cpwer"] == found["tcpwer"] == pytest.approx(25.0)
    assert (found["der"], found["jer"], found["speakers_wrong"]) == (0.0, 0.0, 0)
    assert found["invented_words"] == 1
    assert found["silence_seconds"] == pytest.approx(30 - 7)
    assert found["edge_median_ms"] == pytest.approx(0.0)


def test_words_of_the_wrong_speaker_count_in_both_rates_per_speaker() -> None:
    found = scores(case(), heard_by_script(WORDS, {"turns": [[10.0, 15.0, "1"]]}))
    assert found["wer"] == pytest.approx(25.0)
    assert found["cpwer"] == found["tcpwer"] == pytest.approx(75.0)
    assert (found["speakers_found"], found["speakers_wrong"]) == (1, 1)


def test_sound_without_speech_has_only_invented_words() -> None:
    empty = Recording(name="hum", audio=Path("x.wav"), utterances=(), turns=())
    hum = case(group=NO_SPEECH, recording=empty)
    said = [(TimedWord(text="Thank you.", start=3.0, end=4.0), "")]
    found = scores(hum, Heard(words=said, turns=None))
    assert found == {"silence_seconds": pytest.approx(30.0), "invented_words": 2}


def test_turns_alone_are_scored_without_words() -> None:
    found = scores(case(), heard_by_script(None, {"turns": [[10.0, 12.0, "1"]]}))
    assert "wer" not in found
    assert found["der"] == pytest.approx(50.0)
    assert found["jer"] == pytest.approx(50.0)
