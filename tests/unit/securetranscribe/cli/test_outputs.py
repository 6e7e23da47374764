"""Names of result files."""

from pathlib import Path

import pytest

from securetranscribe.cli.outputs import Outputs, PatternError

STATE = {"transcription_id": 7, "title": "Plans: a/b", "language_detected": "en",
         "created_at": "2026-11-22T20:06:13Z"}  # fmt: skip


def paths(pattern: str | None, *recordings: str, formats: tuple[str, ...] = ("srt",)) -> list[str]:
    outputs = Outputs.chosen(pattern, formats, several=len(recordings) > 1)
    found = [outputs.paths(Path(recording), STATE) for recording in recordings]
    return [str(path) for one in found for path in one.values()]


def test_results_lie_next_to_the_recording() -> None:
    assert paths(None, "calls/a.wav", formats=("srt", "pdf")) == ["calls/a.srt", "calls/a.pdf"]


def test_directories_get_files_named_like_the_recording(tmp_path: Path) -> None:
    assert paths(str(tmp_path), "calls/a.wav") == [f"{tmp_path}/a.srt"]
    assert paths("new/", "calls/a.wav") == ["new/a.srt"]


def test_a_name_without_fields_is_taken_as_it_is() -> None:
    assert paths("minutes.srt", "a.wav") == ["minutes.srt"]


def test_fields_are_filled_without_separators() -> None:
    pattern = "{date}/{id}-{title}-{language}-{name}.{format}"
    assert paths(pattern, "x/a.wav") == ["2026-11-22/7-Plans_ a_b-en-a.wav.srt"]


def test_results_of_two_recordings_never_share_a_file() -> None:
    assert paths("out/", "x/a.wav", "y/a.wav", "z/a.mp3") == [
        "out/a.srt",
        "out/a-2.srt",
        "out/a-3.srt",
    ]


@pytest.mark.parametrize(
    ("pattern", "formats", "several", "told"),
    [
        ("{nothing}", ("srt",), False, "unknown field {nothing}"),
        ("{stem", ("srt",), False, "--output"),
        ("{stem}.srt", ("srt", "pdf"), False, "{format}"),
        ("all.{format}", ("srt",), True, "{stem}"),
    ],
)
def test_patterns_that_cannot_name_all_files_are_refused(
    pattern: str, formats: tuple[str, ...], several: bool, told: str
) -> None:
    with pytest.raises(PatternError) as caught:
        Outputs.chosen(pattern, formats, several=several)
    assert told in str(caught.value)


def test_earlier_files_are_kept_where_that_is_wanted(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    outputs = Outputs.chosen(None, ("srt",), several=True, keep=True)
    for name in ("a.srt", "a-2.srt", "a-3.srt"):
        (found,) = outputs.paths(recording, STATE).values()
        assert found == tmp_path / name
        found.write_text("earlier")
