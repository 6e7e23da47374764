"""All benchmarks of voice recognition, one after another.

    python -m bench.speakers_benchmarks [--data DIR] [--write docs/quality-speakers.md]

Runs `speakers_recognition`, `speakers_meetings` and `speakers_search`. Without recordings, the
first is skipped, the second uses only the telephone sample, and the third spreads its synthetic
voices evenly. docs/quality-speakers.md explains how to obtain recordings.
"""

import subprocess
import sys
from pathlib import Path

from bench.speakers_corpus import arguments
from bench.speakers_report import WRITE_HELP

_ALL = ("speakers_recognition", "speakers_meetings", "speakers_search")


def main() -> None:
    """Run each benchmark in a separate process, so that none inherits another's memory."""
    parser = arguments("Measure speaker recognition.")
    parser.add_argument("--write", type=Path, help=WRITE_HELP)
    options = parser.parse_args()
    names: tuple[str, ...] = _ALL
    if not (options.data / "utterances").is_dir():
        print(f"No recordings in {options.data}. Pass --data DIR to run all measurements.")
        names = _ALL[1:]
        if options.write:
            parser.error("--write needs recordings. Pass --data DIR.")
    for name in names:
        print(f"\n== {name}\n", flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
