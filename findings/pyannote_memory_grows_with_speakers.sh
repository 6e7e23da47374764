#!/usr/bin/env bash
# pyannote.audio: the last step of a diarization needs memory for the length times the number of speakers.
#
# SpeakerDiarization spreads the activity of the voices in each chunk (ten seconds, a new one every second) over all
# speakers of the recording, as 64-bit numbers, before it counts them per frame. Chunks have three voices at most, so
# that nearly all of it is empty. An hour takes 200 MB with ten speakers and 400 MB with twenty, for results of 9 and
# 17 MB. Adding up chunk by chunk gives the same turns without that.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: torch==2.13.0 torchaudio==2.11.0
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 torchaudio==2.11.0 \
  pyannote-audio==4.0.7 pyannote-core==6.1.0 numpy==2.4.6
PYANNOTE_METRICS_ENABLED=0 "$directory/venv/bin/python" -W ignore - <<'PYTHON'
import sys
import tracemalloc
from importlib.metadata import version
from types import ModuleType

import numpy as np

try:
    import torchaudio  # noqa: F401
except OSError:  # built for CUDA, next to a torch for CPUs: nothing of it is needed here
    for name in [name for name in sys.modules if name.startswith("torchaudio")]:
        del sys.modules[name]
    stub = ModuleType("torchaudio._extension")
    stub.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=lambda function: function,
        _load_lib=lambda _name: False,
    )
    sys.modules["torchaudio._extension"] = stub

from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from pyannote.core import SlidingWindow, SlidingWindowFeature

print("pyannote.audio", version("pyannote-audio"))
CHUNKS, FRAMES, VOICES = 3_600, 589, 3
chunks = SlidingWindow(start=0.0, duration=10.0, step=1.0)
frames = SlidingWindow(start=0.0, duration=0.0619375, step=0.016875)
dice = np.random.default_rng(1)
active = SlidingWindowFeature(
    (dice.random((CHUNKS, FRAMES, VOICES)) < (0.5, 0.2, 0.05)).astype(np.float32), chunks
)
count = SpeakerDiarization.speaker_count(active, frames, warm_up=(0.0, 0.0))
pipeline = SpeakerDiarization.__new__(SpeakerDiarization)
megabytes = {}
for speakers in (5, 10, 20):
    of_voices = dice.integers(0, speakers, (CHUNKS, VOICES))
    tracemalloc.start()
    found = pipeline.reconstruct(active, of_voices, count)
    megabytes[speakers] = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(
        f"an hour with {speakers} speakers: {megabytes[speakers]:.0f} MB for a result of "
        f"{found.data.nbytes / 1e6:.0f} MB, from {active.data.nbytes / 1e6:.0f} MB"
    )
if not 1.7 < megabytes[20] / megabytes[10] < 2.3 or megabytes[10] < CHUNKS * FRAMES * 10 * 8 / 1e6:
    sys.exit("The behavior has changed.")
PYTHON
