#!/usr/bin/env bash
# PyAV: the resampler to mono drops a channel of recorders with 3 or 6 tracks, and rejects 9.
#
# A WAV file without a channel mask says nothing about its channels, and multitrack recorders write one microphone in
# each. PyAV's AudioResampler takes the fourth of six for the subwoofer of a cinema and the third of three likewise:
# both are silent in the mono result. Nine channels match no cinema and raise an error. Whoever wants every microphone
# in the mix has to average the channels.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: av==18.1.0 numpy==2.4.6
"$directory/venv/bin/python" - <<'PYTHON'
import io
import struct
import sys

import av
import numpy as np

RATE = 16_000
print("PyAV", av.__version__, "with libswresample", ".".join(map(str, av.library_versions["libswresample"])))
tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def wav(channels: int, voiced: int) -> bytes:
    """A second of floating-point WAV with a tone on one of its channels."""
    sound = np.zeros((RATE, channels), dtype="<f4")
    sound[:, voiced] = tone
    data, width = sound.tobytes(), 4 * channels
    form = struct.pack("<IHHIIHH", 16, 3, channels, RATE, RATE * width, width, 32)
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data)) + data


def level(data: bytes) -> float:
    """Loudness of the mono mix of PyAV's resampler."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(io.BytesIO(data)) as opened:
        frames = [mixed for frame in opened.decode(audio=0) for mixed in resampler.resample(frame)]
    return float(np.sqrt(np.mean(np.concatenate([frame.to_ndarray()[0] for frame in frames]) ** 2)))


lost = {}
for channels in (2, 3, 4, 6):
    lost[channels] = [n + 1 for n in range(channels) if level(wav(channels, n)) < 1e-6]
    print(f"{channels} channels: channels without a trace in the mono mix: {lost[channels] or 'none'}")
try:
    level(wav(9, 0))
    nine = "mixed"
except Exception as error:
    nine = f"{type(error).__name__}: {error}"
print("9 channels:", nine)
if lost != {2: [], 3: [3], 4: [], 6: [4]} or nine == "mixed":
    sys.exit("changed: the resampler no longer treats unlabeled channels as those of a cinema")
print("as described: unlabeled channels are treated as those of a cinema")
PYTHON
