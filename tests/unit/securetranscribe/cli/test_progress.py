"""Progress bars as a terminal shows them."""

import io
import re
import sys
import time

import pytest

from securetranscribe.cli.progress import Bars

_STATE = {
    "stages": [
        {"name": "transcribe", "status": "running", "progress": 40.0},
        {"name": "diarize", "status": "done", "progress": 0.0},
        {"name": "merge", "status": "waiting", "progress": 0.0},
    ]
}


class Screen(io.StringIO):
    """Standard error. Keeps everything that was ever shown."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def wait_for(self, *fields: str) -> None:
        """Wait for a line with these fields."""
        line = re.compile(r"[^\n]*".join(map(re.escape, fields)))
        deadline = time.monotonic() + 60
        while not line.search(re.sub(r"\x1b\[[\d;?]*\w", "", self.getvalue())):
            assert time.monotonic() < deadline, self.getvalue()
            time.sleep(0.02)


def _shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> Screen:
    """Replace standard error. Fixtures cannot, because pytest replaces it after them."""
    made = Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return made


def test_every_stage_of_every_recording_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _shown(monkeypatch, terminal=True)
    with Bars() as bars:
        first, second = bars.recording("a.wav"), bars.recording("[b].wav")
        first.uploaded(1, 2)
        screen.wait_for("a.wav", "upload", " 50 %")
        second.look({"stages": []})
        screen.wait_for("[b].wav", "upload", "100 %")
        screen.wait_for("[b].wav", "waiting", "0 %")
        first.look(_STATE)
        screen.wait_for("a.wav", "upload", "100 %")
        screen.wait_for("a.wav", "recognition", " 40 %")
        screen.wait_for("a.wav", "speakers", "100 %")
        screen.wait_for("a.wav", "merge", "  0 %")
        bars.say("done: [b].wav")
        screen.wait_for("done: [b].wav")


def test_files_get_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _shown(monkeypatch, terminal=False)
    with Bars() as bars:
        one = bars.recording("a.wav")
        one.uploaded(1, 2)
        one.look(_STATE)
        one.finish()
        bars.say("failed: a.wav")
    assert screen.getvalue() == "failed: a.wav\n"
