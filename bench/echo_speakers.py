"""Number of speakers found in calls with one party per channel, with echoes of the other party.

    python -m bench.echo_speakers [--data DIR] [--models DIR] [--conversations N]

DIR has recordings of one voice each in its subdirectory strangers. The calls are those of
`bench.echo`, and telephone channels of one party each, a few minutes long, from DIR/utterances.
"""

import argparse
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bench.echo_corpus import SAMPLE_RATE, Samples, conversations, mixtures
from bench.speakers_conditions import telephone
from common.audio.clips import encode_flac
from common.audio.decoding import read_window
from common.audio.envelope import envelope_of
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)
from diarizer.echoes import EchoSpeakers
from diarizer.engines.protocol import Diarization, DiarizationEngine, DiarizationOptions

#: Pauses between utterances of a party, in seconds.
_PAUSES = (0.5, 6.0)


def engine(models: Path) -> DiarizationEngine:
    """Load the embedded engine."""
    # Loading torch takes seconds.
    from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

    found = ModelStore(models).diarization(EMBEDDED_DIARIZATION)
    assert isinstance(found, EmbeddedDiarization)
    return load_embedded(found, PyannoteSettings())


def diarize(loaded: DiarizationEngine, sound: Samples) -> Diarization:
    """Diarize a sound without any bounds on the number of speakers."""
    return loaded.diarize(
        io.BytesIO(encode_flac(sound)),
        DiarizationOptions(),
        on_progress=lambda *_: None,
        cancelled=lambda: False,
    )


def calls(loaded: DiarizationEngine, directory: Path, most: int) -> Iterator[tuple[str, int, int]]:
    """Yield (kind of channel, speakers found, speakers left) for every channel."""
    for conversation in list(conversations(directory / "strangers"))[:most]:
        for mixture in mixtures(conversation):
            sounds = mixture.channels
            found = {number: diarize(loaded, sound) for number, sound in enumerate(sounds)}
            envelopes = [envelope_of([sound]) for sound in sounds]
            echoes = EchoSpeakers(found, envelopes.__getitem__)
            for number, echo in enumerate(mixture.echoes):
                kind = "channels with an echo" if echo else "channels without an echo"
                count = len(found[number].speakers)
                yield kind, count, count - len(echoes.labels_in(number))


def parties(loaded: DiarizationEngine, directory: Path) -> Iterator[tuple[str, int, int]]:
    """Yield the same for long channels of one party, in full band and over the telephone."""
    files: dict[str, list[Path]] = {}
    for file in sorted((directory / "utterances").glob("*.flac")):
        files.setdefault(file.name.split("-")[0], []).append(file)
    for name, paths in files.items():
        random = np.random.default_rng(list(name.encode()))
        sound = np.concatenate(list(_with_pauses(paths, random)))
        for kind, heard in (
            ("one party, full band", sound),
            ("one party, telephone", telephone(sound, random)),
        ):
            noise = 10 ** (-65 / 20) * random.standard_normal(len(heard)).astype(np.float32)
            count = len(diarize(loaded, heard + noise).speakers)
            yield kind, count, count


def _with_pauses(paths: Iterable[Path], random: np.random.Generator) -> Iterator[Samples]:
    for path in paths:
        yield read_window(path, 0.0, 60.0)
        yield np.zeros(round(random.uniform(*_PAUSES) * SAMPLE_RATE), dtype=np.float32)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Count the speakers of channels.")
    parser.add_argument("--data", type=Path, default=Path("bench/data"), help="recordings")
    parser.add_argument("--models", type=Path, default=DEFAULT_MODEL_DIR, help="models")
    parser.add_argument("--conversations", type=int, default=6, help="how many")
    chosen = parser.parse_args()
    loaded = engine(chosen.models)
    found: dict[str, Counter[int]] = {}
    left: dict[str, Counter[int]] = {}
    results = [*parties(loaded, chosen.data), *calls(loaded, chosen.data, chosen.conversations)]
    for kind, before, after in results:
        found.setdefault(kind, Counter())[before] += 1
        left.setdefault(kind, Counter())[after] += 1
    print("| channels | number | with one speaker | with one speaker, echoes left out |")
    print("|---|---|---|---|")
    for kind, counts in found.items():
        print(f"| {kind} | {counts.total()} | {counts[1]} | {left[kind][1]} |")


if __name__ == "__main__":
    main()
