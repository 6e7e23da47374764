"""Output of a live session."""

import shutil
import sys
from typing import Any

from securetranscribe.cli import output

#: Back to the beginning of the line, which is erased.
_ERASE = "\r\x1b[K"
_LOST_SOUND = "The server cannot be reached. The sound is kept and sent later."


class Screen:
    """Prints final texts as they come. In a terminal, the last line has the drafts."""

    def __init__(self, *, as_json: bool, lost: str = _LOST_SOUND) -> None:
        """`lost` is the note about a lost connection."""
        self._as_json = as_json
        self._lost = lost
        self._has_drafts = not as_json and sys.stdout.isatty()
        self._drafts: dict[int, str] = {}
        self._erase = ""

    def show(self, message: dict[str, Any]) -> None:
        """Show a message of the session."""
        if self._as_json:
            output.print_json(message)
            return
        kind, data = message["type"], message["data"]
        if kind == "draft":
            self._drafts[data["segment"]] = data["text"]
        elif kind == "final":
            self._drafts.pop(data["segment"], None)
            self._print(f"{output.clock(data['start_time'] or 0.0)}  {data['text']}")
        elif kind == "notice":
            if data["code"] == "recognizing":
                # Drafts of another worker are void.
                self._drafts.clear()
            self._note(data["message"])
        elif kind == "state" and data == "lost":
            self._note(self._lost)
        elif kind == "ended":
            self._drafts.clear()
            self._note(_end(data))
        self._show_drafts()

    def close(self) -> None:
        """Remove the line of drafts."""
        self._drafts.clear()
        self._show_drafts()

    def _print(self, line: str) -> None:
        print(f"{self._erase}{line}", flush=True)
        self._erase = ""

    def _note(self, text: str) -> None:
        if self._erase:
            print(self._erase, end="", flush=True)
            self._erase = ""
        output.note(text)

    def _show_drafts(self) -> None:
        if not self._has_drafts:
            return
        text = " ".join(filter(None, self._drafts.values()))
        # The end is the newest part.
        text = text[1 - shutil.get_terminal_size().columns :]
        print(f"{self._erase}{text}", end="", flush=True)
        self._erase = _ERASE if text else ""


def _end(data: dict[str, Any]) -> str:
    number = data["transcription_id"]
    if number is None:
        return "The session was discarded."
    if "capture" not in data:
        return f"The recording has ended. It is transcription {number}."
    if error := data["capture"].get("error"):
        return f"The recording of transcription {number} failed: {error}"
    return (
        f"The recording is transcription {number}. It is processed now, with its speakers: "
        f"securetranscribe status {number}"
    )
