import wave
from pathlib import Path

import pytest

from bench import baseline
from bench.recordings import Utterance, in_directory, repeated, sample


def test_sample_has_words_and_turns() -> None:
    found = sample()
    assert found.audio.is_file()
    assert len(found.turns) == 10
    assert {speaker for _, _, speaker in found.turns} == {"speaker90", "speaker91"}
    assert set(found.text_by_speaker) == {"Diane", "Sheila"}
    assert found.text.startswith("Hello? Hello? Oh, hello.")


def test_recordings_without_reference_are_skipped(tmp_path: Path) -> None:
    for name in ("a.wav", "b.flac", "c.mp3", "c.txt"):
        (tmp_path / name).touch()
    (tmp_path / "a.stm").write_text(";; comment\na 1 anna 0.5 2.0 good morning\n")
    (tmp_path / "b.rttm").write_text("SPEAKER b 1 1.5 2.0 <NA> <NA> ben <NA> <NA>\n")
    first, second = in_directory(tmp_path)
    assert first.utterances == (Utterance(start=0.5, end=2.0, speaker="anna", text="good morning"),)
    assert first.turns == ()
    assert second.turns == ((1.5, 3.5, "ben"),)


def test_repeated_recording_matches_its_reference(tmp_path: Path) -> None:
    once, thrice = sample(), repeated(sample(), 3, tmp_path)
    with wave.open(str(thrice.audio), "rb") as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(90.0)
    assert thrice.text.split() == 3 * once.text.split()
    start, end, speaker = once.turns[0]
    assert thrice.turns[2 * len(once.turns)] == pytest.approx((start + 60, end + 60, speaker))
    assert thrice.utterances[-1].end == pytest.approx(once.utterances[-1].end + 60)


def test_scores_cover_available_references() -> None:
    recording = sample()
    words = [[u.start, u.end, u.text] for u in recording.utterances]
    scores = baseline.score(recording, words, recording.turns)
    assert scores["wer"] == 0.0
    assert scores["der"] == 0.0
    assert scores["speakers"] == 2
    assert scores["cpwer"] < 15


def test_table_names_stages_and_recordings() -> None:
    stage = {"wall": 2.0, "cpu": 1.5, "peak_mb": 700.0}
    result = {
        "mode": "sequential",
        "wall": 5.0,
        "warm": 3.5,
        "cpu": 4.0,
        "audio_seconds": 40.0,
        "stages": {"recognition": stage, "diarization": stage},
        "recordings": {"sample": {"wer": 12.34}},
    }
    text = baseline.table([result])
    assert "0.100 CPU s per second" in text
    assert "3.5 s with models loaded" in text
    assert "wer 12.3" in text
    assert "700 MB" in text
    with pytest.raises(KeyError):
        baseline.table([{"mode": "sequential"}])
