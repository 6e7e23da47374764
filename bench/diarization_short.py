"""Short conversations of many people: the diarization of this project next to plain pyannote.

    python -m bench.diarization_short --data DIR

Composes conversations of 2 to 8 people from the recordings in DIR, also on the telephone, in noise
and in a room, and recordings of one person. The parameters were tuned on the first half of the
people. Those of the second half are others.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.metrics import Turns, diarization_errors
from bench.parts_scaling import load_diarizer
from bench.quality.conversations import Plan, compose, readers, strangers
from bench.quality.corpus import CONDITIONS
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.store import DEFAULT_MODEL_DIR, EmbeddedDiarization, ModelStore

#: (people, overlap, seconds, longest turn in seconds), of voices without a text.
_STRANGERS = (
    (2, 0.1, 60, 4.5), (3, 0.0, 60, 4.5), (3, 0.3, 90, 4.5), (4, 0.1, 90, 4.5), (4, 0.2, 60, 2.5),
    (5, 0.1, 90, 4.5), (5, 0.1, 180, 4.5), (6, 0.1, 90, 4.5), (6, 0.1, 180, 2.5),
    (7, 0.1, 120, 4.5), (8, 0.1, 120, 4.5), (8, 0.2, 240, 4.5), (2, 0.1, 90, 1.5),
    (4, 0.1, 90, 1.2), (3, 0.1, 45, 4.5),
)  # fmt: skip
#: Whole utterances: (people, overlap, seconds).
_READERS = ((2, 0.0, 60), (3, 0.1, 60), (3, 0.1, 90))
#: Conversations of so many people are also heard under two of these conditions.
_CHANGED, _CONDITIONS = (3, 4, 6), ("telephone", "noise 10 dB", "reverberation")
_HALVES = ("tuning", "held out")
_ALONE_SECONDS = 90
#: Most people to find, as in a worker.
_MOST = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A recording (mono, 16 kHz) with its turns."""

    samples: Samples
    turns: Turns

    @property
    def people(self) -> int:
        """Number of people who speak."""
        return len({speaker for _, _, speaker in self.turns})


def main() -> None:
    """Print a row per set of recordings and parameters."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory with recordings")
    chosen = parser.parse_args()
    pipelines = _pipelines()
    print("| recordings | diarization | DER | confusion | right number | too many | too few |")
    print("|---|---|---|---|---|---|---|")
    sets = {half: list(_conversations(chosen.data, n)) for n, half in enumerate(_HALVES)}
    sets["one person"] = list(_alone(chosen.data))
    for name, recordings in sets.items():
        for label, pipeline in pipelines.items():
            row = _row(pipeline, recordings)
            print(f"| {len(recordings)}, {name} | {label} | {row} |", flush=True)


def _row(pipeline: Any, recordings: Sequence[Heard]) -> str:
    from diarizer.engines.torch_runtime import torch  # noqa: PLC0415

    total = wrong = confused = 0.0
    differences = []
    for one in recordings:
        sound = torch.from_numpy(np.asarray(one.samples, dtype=np.float32))[None]
        file = {"waveform": sound, "sample_rate": SAMPLE_RATE, "uri": "recording"}
        with torch.inference_mode():
            found = pipeline(file, max_speakers=_MOST).speaker_diarization
        turns = [(part.start, part.end, who) for part, _, who in found.itertracks(yield_label=True)]
        errors = diarization_errors(one.turns, turns)
        total += errors.total
        wrong += errors.confusion + errors.missed + errors.false_alarm
        confused += errors.confusion
        differences.append(len({who for *_, who in turns}) - one.people)
    counts = [sum(one == 0 for one in differences), sum(one > 0 for one in differences)]
    counts.append(len(differences) - sum(counts))
    rates = f"{100 * wrong / total:.1f} % | {100 * confused / total:.1f} %"
    return f"{rates} | {counts[0]} | {counts[1]} | {counts[2]}"


def _conversations(data: Path, half: int) -> Iterator[Heard]:
    """Yield conversations of one half of the people."""
    texts = readers(data)
    names = [sorted(one)[half::2] for one in (strangers(data, 4.5), texts)]
    random = np.random.default_rng(100 + half)
    seed = 1000 * (half + 1)
    for people, overlap, seconds, *rest in (*_STRANGERS, *_READERS):
        longest = float(rest[0]) if rest else 0.0
        able = names[0] if rest else names[1]
        if people > len(able):
            continue
        seed += 1
        voices = tuple(str(one) for one in random.choice(able, people, replace=False))
        plan = Plan(name="", people=people, overlap=overlap, seconds=seconds, seed=seed,
                    longest=longest, voices=voices)  # fmt: skip
        made = compose(plan, strangers(data, longest) if rest else texts)
        yield Heard(samples=made.samples, turns=made.turns)
        for number, name in enumerate(_CONDITIONS):
            if people in _CHANGED and (seed + number) % len(_CONDITIONS):
                changed = CONDITIONS[name](made.samples, np.random.default_rng([seed, number]))
                yield Heard(samples=changed, turns=made.turns)


def _alone(data: Path) -> Iterator[Heard]:
    """Yield each reader alone, also under other conditions."""
    pause = np.zeros(SAMPLE_RATE // 2, dtype=np.float32)
    for number, (name, pieces) in enumerate(sorted(readers(data).items())):
        sound = np.concatenate([part for piece in pieces for part in (piece.samples, pause)])
        sound = sound[: _ALONE_SECONDS * SAMPLE_RATE]
        turns = ((0.0, len(sound) / SAMPLE_RATE, name),)
        yield Heard(samples=sound, turns=turns)
        condition = CONDITIONS[list(CONDITIONS)[number % len(CONDITIONS)]]
        yield Heard(samples=condition(sound, np.random.default_rng(number)), turns=turns)


def _pipelines() -> dict[str, Any]:
    # Loading torch takes seconds.
    from bench.plain_diarization import PlainPipeline  # noqa: PLC0415
    from diarizer.engines.pyannote import load_embedder  # noqa: PLC0415

    directory = Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR)
    models = ModelStore(directory).diarization("embedded")
    assert isinstance(models, EmbeddedDiarization)
    (product,) = load_diarizer(directory)._backend.pipelines
    embedder = load_embedder(models, device="cpu")
    plain = PlainPipeline(segmentation=models.segmentation, embedder=embedder)
    return {"plain": plain, "product": product}


if __name__ == "__main__":
    main()
