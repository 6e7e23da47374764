"""Measures the product against plain scripts with the same models, side by side.

python -m bench [--data DIR] [--json FILE]

Each figure of the product is also given as a ratio to the plain scripts of the same run: machines
differ and are shared, ratios carry over. `wall` and `cpu` of the plain scripts include loading the
models, `warm` does not.
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

#: The sample this many times over is five minutes: speed beside which start and upload are small.
REPEATED = 10


def comparison(results: Sequence[Mapping[str, Any]]) -> str:
    """How the product compares with each plain script."""
    *plain, product = results
    lines = ["the product by the plain scripts (below 1 is better):"]
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
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--data", type=Path, help="a directory of further recordings")
    parser.add_argument("--json", type=Path, help="write the results to this file as well")
    chosen = parser.parse_args()
    model_dir = Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR)
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        recordings = [sample(), repeated(sample(), REPEATED, Path(directory))]
        recordings += in_directory(chosen.data) if chosen.data else ()
        results = [baseline.measure(mode, recordings, model_dir) for mode in baseline.MODES]
        results.append(pipeline.measure(recordings, model_dir))
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")
    print(baseline.table(results))
    print(comparison(results))


if __name__ == "__main__":
    main()
