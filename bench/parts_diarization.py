"""Diarization of long recordings in one piece and in parts, with errors and numbers of speakers.

    python -m bench.parts_diarization [--data DIR] [--models DIR] [--half tuning|held-out]

DIR has recordings with a .rttm or .stm file of the same name, and the folders utterances and
strangers with speech of many people, of which long conversations are composed. Without it, only the
telephone sample is measured. Parts overlap by eight seconds, as tasks of workers do.
"""

import argparse
import hashlib
import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench import metrics
from bench.parts_mixtures import HALVES, PLANS, Conversation, compose, people_in
from bench.recordings import in_directory, sample, write_wav
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)
from common.voices.parts import DiarizedPart, PartSpeaker, join_parts
from common.voices.turns import Stretch
from common.voices.values import Turn, Voice
from diarizer.engines.protocol import Diarization, DiarizationOptions, Voiceprint

#: Lengths of parts, in seconds.
LENGTHS = (200, 240, 300, 600)
_MARGIN = 4
#: Those of the worker (MAX_SPEAKERS, MIN_SPEAKER_DURATION).
_OPTIONS = DiarizationOptions(max_speakers=10, min_speaker_duration=2.0)
_OF_PART = replace(_OPTIONS, part=True)


def main() -> None:
    """Print a table with a row per recording."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="directory with recordings and voices")
    parser.add_argument("--models", type=Path, default=DEFAULT_MODEL_DIR)
    parser.add_argument("--half", choices=HALVES, help="only these conversations")
    chosen = parser.parse_args()
    engine = _Engine(chosen.models)
    print("DER in % and speakers found, in one piece and in parts of so many seconds.\n")
    print(f"| recording | one piece | {' | '.join(f'{length} s' for length in LENGTHS)} |")
    print(f"|---|---|{'---|' * len(LENGTHS)}")
    for one in _conversations(chosen.data, chosen.half):
        whole = engine.diarize(one.samples, _OPTIONS)
        found = [_figures(one, whole.turns)]
        for length in LENGTHS:
            cut = cores(len(one.samples) / SAMPLE_RATE, length)
            found.append(_figures(one, _in_parts(engine, one, cut)) if len(cut) > 1 else "")
        print(f"| {one.name} | {' | '.join(found)} |", flush=True)


def cores(seconds: float, longest: float) -> list[Stretch]:
    """Return the beginning and end of parts of equal length, in whole seconds but for the end."""
    count = max(1, math.ceil(seconds / longest))
    edges = [*(float(round(seconds * place / count)) for place in range(count)), seconds]
    return list(itertools.pairwise(edges))


def _conversations(data: Path | None, half: str | None) -> Iterator[Conversation]:
    found = [sample(), *(in_directory(data) if data else ())]
    for one in found if half is None else ():
        samples = read_window(one.audio, 0.0, 24 * 3600.0)
        yield Conversation(name=one.name, samples=samples, turns=one.turns)
    people = people_in(data) if data else {}
    for plan in PLANS if people else ():
        if half in (None, plan.half):
            one = compose(plan, people)
            yield Conversation(
                name=f"{plan.half}: {one.name}", samples=one.samples, turns=one.turns
            )


def _in_parts(engine: "_Engine", one: Conversation, cut: Sequence[Stretch]) -> tuple[Turn, ...]:
    """Return the turns found in parts, joined as in the transcriber."""
    end = len(one.samples) / SAMPLE_RATE
    parts = []
    threshold = 0.0
    for core in cut:
        heard = (max(0.0, core[0] - _MARGIN), min(end, core[1] + _MARGIN))
        bounds = [round(edge * SAMPLE_RATE) for edge in heard]
        found = engine.diarize(one.samples[slice(*bounds)], _OF_PART)
        threshold = found.link_threshold
        parts.append(_part(core, heard, found))
    return join_parts(parts, threshold=threshold).turns


def _part(core: Stretch, heard: Stretch, found: Diarization) -> DiarizedPart:
    return DiarizedPart(
        core=core,
        heard=heard,
        turns=_moved(found.turns, heard[0]),
        exclusive_turns=_moved(found.exclusive_turns, heard[0]),
        speakers=tuple(
            PartSpeaker(label=speaker.label, signal=0, voice=_voice(speaker.voiceprint))
            for speaker in found.speakers
        ),
    )


def _moved(turns: Sequence[Turn], by: float) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=turn.start + by, end=turn.end + by, speaker=turn.speaker) for turn in turns
    )


def _voice(voiceprint: Voiceprint | None) -> Voice | None:
    if voiceprint is None:
        return None
    vector = np.array(voiceprint.embedding, dtype=np.float32)
    return Voice(vector=vector, seconds=voiceprint.speech_seconds)


def _figures(one: Conversation, turns: Sequence[Turn]) -> str:
    found = [(turn.start, turn.end, turn.speaker) for turn in turns]
    errors = metrics.diarization_errors(one.turns, found)
    present = len({speaker for _, _, speaker in one.turns})
    return f"{100 * errors.rate:.1f}, {len({turn.speaker for turn in turns})} of {present}"


class _Engine:
    """The engine of the diarizer. Networks do not compute twice for the same sound.

    Parts begin at whole seconds, as the chunks of the segmentation do, so that the chunks of parts
    are those of the whole recording.
    """

    def __init__(self, models: Path) -> None:
        # Loading torch takes seconds.
        from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

        found = ModelStore(models).diarization(EMBEDDED_DIARIZATION)
        assert isinstance(found, EmbeddedDiarization)
        self._engine = load_embedded(found, PyannoteSettings())
        pipeline: Any = self._engine._backend.pipelines[0]
        network = pipeline._segmentation.model
        network.forward = _Kept(network.forward, digits=32_768)
        pipeline._embedding._net = _Kept(pipeline._embedding._net, digits=1_000)

    def diarize(self, samples: Samples, options: DiarizationOptions) -> Diarization:
        """Diarize a recording or a part."""
        return self._engine.diarize(
            _wav(samples), options, on_progress=lambda *_: None, cancelled=lambda: False
        )


class _Kept:
    """A network that keeps its results by its inputs, rounded to `digits` per unit."""

    def __init__(self, network: Any, *, digits: int) -> None:
        self._network = network
        self._digits = digits
        self._kept: dict[bytes, Any] = {}

    def __call__(self, batch: Any) -> Any:
        import torch  # noqa: PLC0415 - takes seconds

        rows = np.round(batch.numpy() * self._digits).astype(np.int32)
        keys = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
        new = [place for place, key in enumerate(keys) if key not in self._kept]
        if new:
            for place, result in zip(new, self._network(batch[new]), strict=True):
                self._kept[keys[place]] = result
        return torch.stack([self._kept[key] for key in keys])


def _wav(samples: Samples) -> io.BytesIO:
    file = io.BytesIO()
    write_wav(file, samples)
    file.seek(0)
    return file


if __name__ == "__main__":
    main()
