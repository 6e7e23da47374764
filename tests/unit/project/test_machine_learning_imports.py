"""Only engines import libraries of machine learning, and only when they are loaded."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diarizer.engines.registry import ENGINES as DIARIZATION
from transcriber.worker.engines.registry import ENGINES as RECOGNITION

ROOT = Path(__file__).parents[3]
SOURCES = [path for part in ("libs", "services") for path in ROOT.glob(f"{part}/*/src/**/*.py")]
MACHINE_LEARNING = {
    "ctranslate2",
    "faster_whisper",
    "onnx",
    "onnxruntime",
    "pyannote",
    "sklearn",
    "torch",
    "torchaudio",
    "transformers",
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_only_modules_of_engines_import_machine_learning() -> None:
    importers = {path for path in SOURCES if MACHINE_LEARNING & set(imports(path))}
    assert {path.name for path in importers} >= {"faster_whisper.py", "pyannote.py"}
    assert {path.parent.name for path in importers} == {"engines"}
    assert not {path.name for path in importers} & {"protocol.py", "registry.py"}


@pytest.mark.parametrize("module", ["transcriber.worker.app", "diarizer.app"])
def test_worker_imports_no_engine_before_it_is_loaded(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert module in loaded
    assert not {name.partition(".")[0] for name in loaded} & MACHINE_LEARNING
    assert not loaded & {*RECOGNITION.modules.values(), *DIARIZATION.modules.values()}
