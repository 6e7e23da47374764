"""All measurements of speaker recognition, one after another.

    python -m bench.speakers_benchmarks --data DIR [--write docs/quality-speakers.md]

See speakers_recognition, speakers_meetings and speakers_search for what each does. Without
recordings only the last one runs.
"""

import subprocess
import sys
from pathlib import Path

from bench.speakers_corpus import arguments

_ON_RECORDINGS = ("speakers_recognition", "speakers_meetings")


def main() -> None:
    """Runs each in a process of its own, so that none keeps another's memory."""
    parser = arguments("Measure speaker recognition.")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    names = ["speakers_search"]
    if (options.data / "utterances").is_dir():
        names = [*_ON_RECORDINGS, *names]
    else:
        print(f"no recordings in {options.data}: only the search is measured")
    for name in names:
        print(f"\n== {name}\n", flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
