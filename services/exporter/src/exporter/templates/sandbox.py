"""Template process: reads one job from standard input and writes the text to standard output.

It is a process of its own because a template is the code of a stranger. Limits of the operating
system end one that needs too much time or memory, and the environment holds no secrets.
"""

import json
import os
import resource
import sys
import traceback
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import SandboxedEnvironment, safe_range
from jinja2.utils import Namespace

from exporter.clock import clock, precise_clock

#: Exit status for an error that the author of the template can correct.
FAULTY = 2
#: Added to the niceness of the service.
NICENESS = 10
# A template and the service fit into 1 GiB. The words of ten hours of speech need half of it.
MEMORY_BYTES = 320 * 1024 * 1024
CPU_SECONDS = 10
MOST_CHARACTERS = 16 * 1024 * 1024
_MESSAGE_CHARACTERS = 300


class PlainDataEnvironment(SandboxedEnvironment):
    """Environment whose expressions reach members of plain data and nothing else.

    Values have no attributes, not even the methods of strings and lists. `loop`, namespaces and
    macros work as usual.
    """

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.globals = {"range": safe_range, "namespace": Namespace}
        self.filters.pop("attr")
        self.filters["clock"] = clock
        self.filters["precise_clock"] = precise_clock

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a member of a mapping, or an attribute of a loop or a namespace."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext | Namespace):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item of a mapping, a list or a text."""
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=str(argument))

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether a template may call the object: functions above, macros and loops."""
        if any(obj is known for known in self.globals.values()):
            return True
        return isinstance(obj, Macro | LoopContext) or isinstance(
            getattr(obj, "__self__", None), LoopContext
        )


class TooLongError(Exception):
    """The text is too long."""


def render(template: str, variables: dict[str, Any]) -> str:
    """Return the text of a template. Raise TooLongError beyond `MOST_CHARACTERS`."""
    pieces: list[str] = []
    length = 0
    for piece in PlainDataEnvironment().from_string(template).generate(variables):
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise TooLongError
        pieces.append(piece)
    return "".join(pieces)


def _limit() -> None:
    """Lower the limits of this process for good."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _explained(error: Exception) -> str:
    """Return a message for the author, with the line where it is known."""
    if isinstance(error, TooLongError):
        return f"The text is longer than {MOST_CHARACTERS // 1024**2} Mi characters."
    line = getattr(error, "lineno", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == "<template>":
            line = frame.lineno
    message = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
    return f"Line {line}: {message}"[:_MESSAGE_CHARACTERS] if line else message


def main() -> int:
    """Run the job and return the exit status."""
    # Exports without a template go first.
    os.nice(NICENESS)
    _limit()
    job = json.loads(sys.stdin.buffer.read())
    try:
        text, status = render(job["template"], job["variables"]), 0
    except MemoryError:
        return 1
    except Exception as error:  # the boundary of the process
        text, status = _explained(error), FAULTY
    sys.stdout.buffer.write(text.encode(errors="replace"))
    return status


if __name__ == "__main__":
    sys.exit(main())
