"""All measurements of speaker recognition, one after another.

    python -m bench.speakers_benchmarks [--data DIR] [--write docs/quality-speakers.md]

See speakers_recognition, speakers_meetings and speakers_search for what each does. Without
recordings, the first is left out, the second hears the telephone sample alone, and the voices of
the third are spread evenly; docs/quality-speakers.md says how to come by recordings.
"""

import subprocess
import sys
from pathlib import Path

from bench.speakers_corpus import arguments

_ALL = ("speakers_recognition", "speakers_meetings", "speakers_search")


def main() -> None:
    """Runs each in a process of its own, so that none keeps another's memory."""
    parser = arguments("Measure speaker recognition.")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    names: tuple[str, ...] = _ALL
    if not (options.data / "utterances").is_dir():
        print(f"no recordings in {options.data}: say with --data where they are to measure more")
        names = _ALL[1:]
        if options.write:
            parser.error("figures are written only with recordings: they would lose their basis")
    for name in names:
        print(f"\n== {name}\n", flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
