from pathlib import Path

from tests.upgrade.log_errors import errors


def test_errors_are_counted_by_process_and_event(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text(
        '{"event": "listening", "level": "info"}\n'
        '{"event": "step failed", "level": "error"}\n'
        '{"event": "step failed", "level": "error"}\n'
        '{"event": "lost", "level": "critical"}\n'
        '{"event": "try again", "level": "warning"}\n'
        "Traceback (most recent call last):\n"
        '  File "x.py"\n'
        '"text"\n'
    )
    empty = tmp_path / "empty.log"
    empty.touch()
    assert errors([("api", log), ("worker", empty)]) == {
        "api: step failed": 2,
        "api: lost": 1,
        "api: Traceback": 1,
    }
