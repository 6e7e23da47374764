"""Systems that are measured side by side, each in a process of its own.

`python -m bench.quality.systems SYSTEM LIST OUTPUT` reads a JSON list of [name, file, language] and
appends a line of JSON per recording to OUTPUT: its words or turns, times, and the peak of memory so
far. Recordings with a line are skipped, so that an interrupted run can be resumed.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.quality.corpus import Case
from bench.stages import Result
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)

#: (file, language) to words or turns.
Run = Callable[[Path, str | None], Result]

WORDS = ("plain words", "product words", "product words, Moonshine")
TURNS = ("plain turns", "product turns")


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """System of another project, run by a script in an environment of its own."""

    title: str
    script: str
    #: Whether it recognizes words. Otherwise, it diarizes.
    words: bool = False


#: Peers by the name of their package.
PEERS: Mapping[str, Peer] = {
    "senko": Peer(title="Senko", script="senko_script.py"),
    "whisperx": Peer(title="whisperX", script="whisperx_script.py", words=True),
}
#: Those of the diarizer's settings (MAX_SPEAKERS, MIN_SPEAKER_DURATION).
_MAX_SPEAKERS, _MIN_SPEAKER_DURATION = 10, 2.0


def peers_of(python: Path) -> list[str]:
    """Return the peers whose packages are installed for a Python.

    Raises:
        ValueError: There are none, or the Python does not run.
    """
    code = "import sys, importlib.util as u; print(*filter(u.find_spec, sys.argv[1:]))"
    try:
        asked = subprocess.run(
            [str(python), "-c", code, *PEERS], check=True, capture_output=True, text=True
        )
    except OSError as error:
        raise ValueError(f"{python} cannot be run: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise ValueError(f"{python} ended with {ending(error.returncode)}") from error
    found = asked.stdout.split()
    if not found:
        raise ValueError(f"{python} has none of the packages {', '.join(PEERS)}")
    return found


def ending(code: int) -> str:
    """Return how a process ended, from its exit status or its negative signal."""
    if code == -signal.SIGILL:
        return "an illegal instruction on this processor"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def run(system: str, chosen: Sequence[Case], work: Path, *, python: Path | None = None) -> None:
    """Run a system over recordings. Peers need the Python of their environment.

    Raises:
        subprocess.CalledProcessError: The system failed.
    """
    listed = work / f"{system}.list.json"
    rows = [[one.name, str(one.recording.audio.absolute()), one.language] for one in chosen]
    listed.write_text(json.dumps(rows))
    files = [str(listed), str(output(system, work))]
    command = [sys.executable, "-m", "bench.quality.systems", system, *files]
    if peer := PEERS.get(system):
        command = [str(python), str(Path(__file__).with_name(peer.script)), *files]
        if peer.words:
            command.append(str(_store().recognition("base").directory))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment)


def output(system: str, work: Path) -> Path:
    """Return the file with the outputs of a system."""
    return work / f"{system}.jsonl"


def read(system: str, work: Path) -> dict[str, Any]:
    """Return the outputs of a system by recording, none before it was run."""
    path = output(system, work)
    lines = path.read_text().splitlines() if path.is_file() else ()
    return {one["name"]: one for one in map(json.loads, lines)}


def load(system: str, store: ModelStore) -> Run:
    """Load the models of a system for one thread."""
    return _LOADERS[system](store)


def _plain_words(store: ModelStore) -> Run:
    from bench import stages  # noqa: PLC0415 - part of the start-up

    return stages.recognition(store, 1)


def _plain_turns(store: ModelStore) -> Run:
    from bench import stages  # noqa: PLC0415

    run = stages.diarization(store, 1)
    return lambda audio, _language: run(audio)


def _product_words(engine: str) -> Callable[[ModelStore], Run]:
    def loader(store: ModelStore) -> Run:
        from common.engines import EngineSettings  # noqa: PLC0415
        from transcriber.worker.engines.registry import ENGINES  # noqa: PLC0415

        settings = EngineSettings(
            models=store, model="base", device="cpu", threads=1, window_seconds=600.0
        )
        return recognizing(ENGINES.load(engine, settings))

    return loader


def recognizing(engine: Any) -> Run:
    """Return a function to recognize a file with an engine of the product."""
    from transcriber.worker import conversion  # noqa: PLC0415
    from transcriber.worker.engines.protocol import RecognitionOptions  # noqa: PLC0415

    def run(audio: Path, language: str | None) -> Result:
        found = engine.recognize(
            audio,
            RecognitionOptions(language=language),
            on_progress=lambda *_: None,
            cancelled=lambda: False,
        )
        message = conversion.to_message({0: found})
        return {"message": message.SerializeToString().hex(), "seconds": found.duration}

    return run


def _product_turns(store: ModelStore) -> Run:
    from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

    models = store.diarization(EMBEDDED_DIARIZATION)
    assert isinstance(models, EmbeddedDiarization)
    return diarizing(load_embedded(models, PyannoteSettings()))


def diarizing(engine: Any) -> Run:
    """Return a function to diarize a file with the engine of the product."""
    from diarizer import conversion  # noqa: PLC0415
    from diarizer.engines.protocol import DiarizationOptions  # noqa: PLC0415

    options = DiarizationOptions(
        max_speakers=_MAX_SPEAKERS, min_speaker_duration=_MIN_SPEAKER_DURATION
    )

    def run(audio: Path, _language: str | None) -> Result:
        with audio.open("rb") as source:
            found = engine.diarize(
                source, options, on_progress=lambda *_: None, cancelled=lambda: False
            )
        message = conversion.to_message({0: found})
        return {"message": message.SerializeToString().hex(), "seconds": found.duration}

    return run


_LOADERS: Mapping[str, Callable[[ModelStore], Run]] = {
    "plain words": _plain_words,
    "product words": _product_words("faster-whisper"),
    "product words, Moonshine": _product_words("moonshine"),
    "plain turns": _plain_turns,
    "product turns": _product_turns,
}


def main(arguments: Sequence[str]) -> None:
    """Run one system over a list of recordings."""
    system, listed, written = arguments
    warnings.simplefilter("ignore")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    path = Path(written)
    done = (
        {json.loads(line)["name"] for line in path.read_text().splitlines()}
        if path.is_file()
        else ()
    )
    run_one = load(system, _store())
    for name, file, language in json.loads(Path(listed).read_text()):
        if name in done:
            continue
        began, used = time.monotonic(), time.process_time()
        found = run_one(Path(file), language)
        row = {"name": name, **found, "wall": time.monotonic() - began}
        row |= {"cpu": time.process_time() - used, "peak_mb": _peak()}
        with path.open("a") as lines:
            lines.write(json.dumps(row) + "\n")
        print(f"{system}, {name}: {row['wall']:.0f} s", flush=True)


def _store() -> ModelStore:
    return ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
