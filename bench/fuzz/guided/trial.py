"""One input given to a parser, and the judgment of what happens."""

import hashlib
import json
import resource
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.fuzz.guided.parser import Parser, shown_by
from bench.fuzz.oracle import inside

#: CPU seconds, with instrumentation, and growth of memory in bytes after which an input is a fault.
MOST_SECONDS = 5.0
MOST_GROWTH_BYTES = 256 * 1024**2
_LONGEST_WHAT = 300
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of a parser: what happened, and the place by which it is told from others."""

    parser: str
    what: str
    place: str
    reproducer: str = ""

    def __str__(self) -> str:
        kept = f" ({self.reproducer})" if self.reproducer else ""
        return f"{self.parser}: {self.what} at {self.place}{kept}"


def tried(parser: Parser, data: bytes) -> Fault | None:
    """Give an input to a parser. Return the fault if there is one."""
    memory, begun = _peak_bytes(), time.thread_time()
    try:
        parser.parse(data)
    except parser.allowed as error:
        # Parts of the input may come back as they were, or as `repr` writes them.
        text = data.decode(errors="ignore")
        if found := inside(shown_by(error), f"{text}\n{text!r}\n{text.lower()}"):
            what = f"the error shows {found!r}"
            return Fault(parser=parser.name, what=what, place=_place(error))
    except Exception as error:
        what = f"{type(error).__name__}: {error}"[:_LONGEST_WHAT]
        return Fault(parser=parser.name, what=what, place=_place(error))
    seconds, growth = time.thread_time() - begun, _peak_bytes() - memory
    if seconds > MOST_SECONDS:
        return Fault(parser=parser.name, what=f"took {seconds:.1f} s", place="time")
    if growth > MOST_GROWTH_BYTES:
        return Fault(parser=parser.name, what=f"took {growth / 1e6:,.0f} MB", place="memory")
    return None


class FaultBook:
    """Faults of one parser, one per place, with reproducers in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._places: set[str] = set()
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def _lines(self) -> Path:
        return self._directory / "faults.jsonl"

    def add(self, fault: Fault, data: bytes) -> None:
        """Keep a fault with its input, unless one at this place is known."""
        if fault.place in self._places:
            return
        self._places.add(fault.place)
        path = self._directory / f"{fault.parser}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        # Written at once, because the process may be ended by its next input.
        with self._lines.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({**asdict(fault), "reproducer": str(path)}) + "\n")

    def faults(self) -> list[Fault]:
        """Return all faults that were kept, one per place."""
        if not self._lines.exists():
            return []
        found = [Fault(**json.loads(line)) for line in self._lines.read_text().splitlines()]
        return list({fault.place: fault for fault in reversed(found)}.values())[::-1]


def _place(error: BaseException) -> str:
    """Return the last line of our own code at which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    # The frames of this package are in every traceback.
    own = [one for one in frames if one.filename.startswith(str(ROOT)) and _is_parsed(one.filename)]
    if not own:
        return type(error).__name__
    last = own[-1]
    return f"{Path(last.filename).relative_to(ROOT)}:{last.lineno} ({type(error).__name__})"


def _is_parsed(filename: str) -> bool:
    return "/site-packages/" not in filename and not filename.endswith("guided/trial.py")


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
