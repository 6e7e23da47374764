"""Comparison of the product with plain scripts over the same models.

    python -m bench [--data DIR] [--recording NAME] [--whisper] [--json FILE]

Ratios to the plain scripts of the same run accompany the figures of the product, because absolute
times depend on the machine and its load. For the plain scripts, `wall` and `cpu` include loading
the models and `warm` does not.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import baseline, pipeline
from bench.recordings import in_directory, repeated, sample
from common.models.store import DEFAULT_MODEL_DIR

#: Repetitions of the sample. The result lasts five minutes, so start-up and upload hardly count.
REPEATED = 10


def comparison(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the ratios of the product to each plain script as text."""
    *plain, product = results
    lines = ["ratio of the product to the plain scripts (below 1 is better):"]
    for other in plain:
        ratios = "  ".join(
            f"{name} {product[name] / other[name]:.2f}" for name in ("wall", "warm", "cpu")
        )
        lines.append(f"  {other['mode']:<12} {ratios}")
    for name, scores in product["recordings"].items():
        reference = plain[0]["recordings"][name]
        rates = "  ".join(
            f"{key} {scores[key] / reference[key]:.2f}"
            for key in ("wer", "cpwer", "der")
            if reference.get(key)
        )
        lines.append(f"  {name:<12} {rates}")
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Compare the product with plain scripts over the same models.",
    )
    parser.add_argument("--data", type=Path, help="directory of additional recordings")
    parser.add_argument("--recording", help="name of the only recording")
    parser.add_argument("--whisper", action="store_true", help="also recognize English by Whisper")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args()
    model_dir = Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR)
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        recordings = [sample(), repeated(sample(), REPEATED, Path(directory))]
        recordings += in_directory(chosen.data) if chosen.data else ()
        if chosen.recording:
            recordings = [one for one in recordings if one.name == chosen.recording]
        if not recordings:
            parser.error(f"there is no recording {chosen.recording!r}")
        results = [baseline.measure(mode, recordings, model_dir) for mode in baseline.MODES]
        results.append(pipeline.measure(recordings, model_dir, whisper=chosen.whisper))
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")
    print(baseline.table(results))
    print(comparison(results))


if __name__ == "__main__":
    main()
