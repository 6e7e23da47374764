"""Clusterings of the diarizer side by side, on embeddings that are computed once.

    python -m bench.quality.clustering --data DIR [--half tuning|held-out]

The conversations of `tuning` have other people than those of `held-out` (the report's). DER in
percent and numbers of speakers that were found and that are there.
"""

import argparse
import hashlib
import os
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.metrics import diarization_errors
from bench.parts_mixtures import HALVES
from bench.quality.conversations import Plan, compose, readers, strangers
from bench.quality.corpus import CONDITIONS, cases
from bench.recordings import in_directory, sample
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)

Turns = tuple[tuple[float, float, str], ...]

_PLANS = (
    *(
        Plan(name=f"{people} people", people=people, overlap=0.1, seconds=150, seed=200 + people,
             longest=4.5)
        for people in range(2, 9)
    ),
    *(
        Plan(name=f"{people} people, {share:.0%} overlap", people=people, overlap=share,
             seconds=120, seed=round(300 + people + 100 * share), longest=4.5)
        for people in (3, 5, 8)
        for share in (0.2, 0.4)
    ),
    *(
        Plan(name=f"{people} people, short turns", people=people, overlap=0.1, seconds=90,
             seed=400 + people, longest=1)
        for people in (2, 4)
    ),
)  # fmt: skip
#: Settings of the clustering of the product and of others.
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "product": {},
    **{f"threshold {value:.2f}": {"threshold": value} for value in (0.60, 0.65, 0.75, 0.80)},
    **{f"size {value}": {"min_cluster_size": value} for value in (4, 6, 8)},
    "one voice per speaker": {"constrained_assignment": True},
}


def main() -> None:
    """Print a table with a row per conversation."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality.clustering")
    parser.add_argument("--data", type=Path, required=True, help="directory with recordings")
    parser.add_argument("--half", choices=HALVES, default="tuning")
    parser.add_argument("--work", type=Path, default=Path("build/quality"))
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    pipeline = _Pipeline(chosen.work / "embeddings")
    found = (
        {case.name: (read_window(case.recording.audio, 0.0, 1e5), case.recording.turns)
         for case in cases(chosen.work, chosen.data) if case.recording.turns}
        if chosen.half == "held-out"
        else dict(_conversations(chosen.data))
    )  # fmt: skip
    compare(pipeline, found, VARIANTS)


def compare(
    pipeline: "_Pipeline",
    found: Mapping[str, tuple[Samples, Turns]],
    variants: Mapping[str, Mapping[str, Any]],
) -> None:
    """Print DER and speakers found by variant."""
    print(f"| recording | {' | '.join(variants)} |\n|---|{'---|' * len(variants)}")
    totals: dict[str, list[float]] = {name: [] for name in variants}
    wrong = dict.fromkeys(variants, 0)
    for title, (sound, turns) in found.items():
        cells = []
        for name, settings in variants.items():
            heard = pipeline.diarize(sound, settings)
            rate = 100 * diarization_errors(turns, heard).rate
            count, present = (len({one[2] for one in some}) for some in (heard, turns))
            totals[name].append(rate)
            wrong[name] += abs(count - present)
            cells.append(f"{rate:.1f}, {count} of {present}")
        print(f"| {title} | {' | '.join(cells)} |", flush=True)
    means = (f"{np.mean(rates):.2f}, {wrong[name]} wrong" for name, rates in totals.items())
    print(f"| mean | {' | '.join(means)} |")


def _conversations(data: Path) -> Iterator[tuple[str, tuple[Samples, Turns]]]:
    """Yield the conversations of the tuning half, and two recordings that must not get worse."""
    for one in (sample(), *in_directory(data)):
        yield one.name, (read_window(one.audio, 0.0, 1e5), one.turns)
    for plan in _PLANS:
        people = strangers(data, plan.longest, half="tuning")
        made = compose(plan, people)
        yield plan.name, (made.samples, made.turns)
    base = compose(Plan(name="", people=4, overlap=0.1, seconds=120, seed=500), readers(data))
    yield "4 readers", (base.samples, base.turns)
    for number, (name, condition) in enumerate(CONDITIONS.items()):
        heard = condition(base.samples, np.random.default_rng([71, number]))
        yield f"4 readers, {name}", (np.asarray(heard, np.float32), base.turns)


class _Pipeline:
    """The diarizer's pipeline without its networks' work, for recordings seen before."""

    def __init__(self, kept: Path) -> None:
        # Loading torch takes seconds.
        from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

        store = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
        models = store.diarization(EMBEDDED_DIARIZATION)
        assert isinstance(models, EmbeddedDiarization)
        engine = load_embedded(models, PyannoteSettings())
        self._pipeline: Any = engine._backend.pipelines[0]
        self._kept = kept
        kept.mkdir(parents=True, exist_ok=True)
        self._own = (self._pipeline.get_segmentations, self._pipeline.get_embeddings)

    def diarize(
        self, sound: Samples, settings: Mapping[str, Any]
    ) -> list[tuple[float, float, str]]:
        """Return the turns found with some settings of the clustering."""
        import torch  # noqa: PLC0415

        pipeline = self._pipeline
        key = hashlib.blake2b(sound.tobytes(), digest_size=12).hexdigest()
        segmentations, embeddings = (
            self._once(key, "segmentations", self._own[0]),
            self._once(key, "embeddings", self._own[1]),
        )
        pipeline.get_segmentations, pipeline.get_embeddings = segmentations, embeddings
        before = {name: getattr(pipeline.clustering, name) for name in settings}
        apply = type(pipeline).__mro__[1].apply
        try:
            for name, value in settings.items():
                setattr(pipeline.clustering, name, value)
            file = {"waveform": torch.from_numpy(sound)[None], "sample_rate": SAMPLE_RATE,
                    "uri": "recording"}  # fmt: skip
            with torch.inference_mode():
                output = apply(pipeline, file, max_speakers=10)
        finally:
            for name, value in before.items():
                setattr(pipeline.clustering, name, value)
        tracks = output.speaker_diarization.itertracks(yield_label=True)
        return tuple((segment.start, segment.end, label) for segment, _, label in tracks)

    def _once(self, key: str, name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
        def found(*arguments: Any, **options: Any) -> Any:
            path = self._kept / f"{key}.{name}"
            if not path.is_file():
                path.write_bytes(pickle.dumps(compute(*arguments, **options)))
                print(f"  {name} of {key}", file=sys.stderr, flush=True)
            return pickle.loads(path.read_bytes())

        return found


if __name__ == "__main__":
    main()
