"""Progress bars on standard error, one per stage of a recording."""

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_STAGES = {"transcribe": "recognition", "diarize": "speakers", "merge": "merge"}


class Bars:
    """Bars of all recordings at work. Without a terminal, nothing is shown."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.fields[file]}", markup=False),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
            disable=not sys.stderr.isatty(),
            transient=True,
        )

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the bars."""
        self._progress.stop()

    def recording(self, name: str) -> "RecordingBars":
        """Return the bars of a recording."""
        return RecordingBars(self._progress, name)

    def say(self, text: str) -> None:
        """Print a line above the bars, to standard error."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class RecordingBars:
    """Bars of the upload and the stages of one recording."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name
        self._tasks: dict[str, TaskID] = {}

    def uploaded(self, stored: int, size: int) -> None:
        """Show how much of the file is stored."""
        self._show("upload", 100 * stored / size if size else 100)

    def look(self, state: Mapping[str, Any]) -> None:
        """Show the stages in the status of a transcription."""
        self.uploaded(1, 1)
        if not state["stages"]:
            self._show("waiting", 0)
        for stage in state["stages"]:
            done = stage["status"] == "done"
            self._show(
                _STAGES.get(stage["name"], stage["name"]), 100 if done else stage["progress"]
            )
        if state["stages"] and "waiting" in self._tasks:
            self._progress.remove_task(self._tasks.pop("waiting"))

    def finish(self) -> None:
        """Remove the bars."""
        while self._tasks:
            self._progress.remove_task(self._tasks.popitem()[1])

    def _show(self, stage: str, percent: float) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=100, file=self._name)
        self._progress.update(self._tasks[stage], completed=percent)
