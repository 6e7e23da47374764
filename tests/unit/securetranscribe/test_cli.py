"""What the command line prints and how it ends."""

import pytest

from securetranscribe import cli


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00:00.0"), (65.24, "00:01:05.2"), (3725.5, "01:02:05.5"), (-1, "00:00:00.0")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert cli.clock(seconds) == shown


def test_a_transcript_is_printed_a_segment_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    cli.print_transcript(
        {
            "speakers": ["Ada", "Speaker_2"],
            "segments": [
                {"speaker": "Ada", "start_time": 0.0, "end_time": 1.5, "text": "Hello."},
                {"speaker": "Speaker_2", "start_time": 2.0, "end_time": 3.0, "text": "Hi."},
            ],
        }
    )
    assert capsys.readouterr().out.splitlines() == [
        "00:00:00.0 - 00:00:01.5  Ada        Hello.",
        "00:00:02.0 - 00:00:03.0  Speaker_2  Hi.",
    ]


def test_silence_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    cli.print_transcript({"speakers": [], "segments": []})
    assert "nobody speaks" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--url", "http://127.0.0.1:9/api", "list"]) == 1
    assert capsys.readouterr().err.startswith(
        "securetranscribe: SecureTranscribe cannot be reached"
    )


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--url", "http://127.0.0.1:9/api", "transcribe", "missing.mp3"]) == 1
    assert "missing.mp3: No such file" in capsys.readouterr().err
