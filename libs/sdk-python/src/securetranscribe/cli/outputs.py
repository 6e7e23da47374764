"""Names of result files."""

import datetime as dt
import os
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIELDS = ("directory", "name", "stem", "format", "id", "title", "language", "date")
_BESIDE = "{directory}/{stem}.{format}"
_IN_DIRECTORY = "{stem}.{format}"
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')


class PatternError(Exception):
    """The pattern cannot name the files."""


@dataclass(kw_only=True)
class Outputs:
    """Formats of the results, and the pattern of their names.

    Two recordings never get the same file in one run: the second one is numbered. With `keep`,
    earlier files are not replaced either.
    """

    formats: Sequence[str]
    pattern: str
    keep: bool = False
    _taken: dict[Path, Path] = field(default_factory=dict)

    @classmethod
    def chosen(
        cls, output: str | None, formats: Sequence[str], *, several: bool, keep: bool = False
    ) -> "Outputs":
        """Return the outputs for the options of a command.

        Raises:
            PatternError: the pattern has an unknown field, or several results have one name.
        """
        pattern = output or _BESIDE
        if output and ("{" not in output) and (output.endswith("/") or Path(output).is_dir()):
            pattern = f"{output.rstrip('/') or '/'}/{_IN_DIRECTORY}"
        used = _fields(pattern)
        if len(formats) > 1 and "format" not in used:
            raise PatternError("--output needs {format} in it for several formats")
        if several and not used & {"name", "stem", "id", "title"}:
            raise PatternError("--output needs {stem} in it for several recordings")
        return cls(formats=formats, pattern=pattern, keep=keep)

    def paths(self, recording: Path, state: Mapping[str, Any]) -> dict[str, Path]:
        """Return the file of each format for a transcription."""
        return {name: self._free(recording, self._named(recording, state, name))
                for name in self.formats}  # fmt: skip

    def _named(self, recording: Path, state: Mapping[str, Any], form: str) -> Path:
        today = dt.datetime.now(dt.UTC).astimezone().date().isoformat()
        values = {
            "name": recording.name,
            "stem": recording.stem,
            "format": form,
            "id": state["transcription_id"],
            "title": state.get("title") or recording.stem,
            "language": state.get("language_detected") or "unknown",
            "date": str(state.get("created_at") or today)[:10],
        }
        safe = {name: _UNSAFE.sub("_", str(value)) for name, value in values.items()}
        return Path(self.pattern.format(directory=recording.parent, **safe))

    def _free(self, recording: Path, path: Path) -> Path:
        number, free = 2, path
        while self._is_taken(free, recording):
            free = path.with_name(f"{path.stem}-{number}{path.suffix}")
            number += 1
        return free

    def _is_taken(self, path: Path, recording: Path) -> bool:
        if self.keep and os.path.lexists(path):
            return True
        return self._taken.setdefault(path, recording) != recording


def _fields(pattern: str) -> set[str]:
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
    except ValueError as error:
        raise PatternError(f"--output: {error}") from error
    if unknown := found - set(FIELDS):
        raise PatternError(
            f"--output: unknown field {{{sorted(unknown)[0]}}}. The fields are: {', '.join(FIELDS)}"
        )
    return found
