#!/usr/bin/env bash
# PyAV: PCM in RIFX, the big-endian WAV, decodes as noise.
#
# RIFX has every number in big-endian order, the samples included. libavformat opens such a file and reads the header
# rightly, but labels the stream pcm_s16le. Every sample then has its bytes exchanged. Nothing is raised and the length
# is right, so only somebody who listens notices. Reading the samples as big-endian gives back the sound.
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
print("PyAV", av.__version__, "with libavformat", ".".join(map(str, av.library_versions["libavformat"])))
tone = np.round(8_000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.int16)


def wav(order: str) -> bytes:
    """A second of a tone as WAV in a byte order: `<` for RIFF, `>` for RIFX."""
    data = tone.astype(f"{order}i2").tobytes()
    form = struct.pack(f"{order}IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    size = struct.pack(f"{order}I", 36 + len(data))
    name = b"RIFF" if order == "<" else b"RIFX"
    return name + size + b"WAVEfmt " + form + b"data" + struct.pack(f"{order}I", len(data)) + data


def read(data: bytes) -> tuple[str, np.ndarray]:
    with av.open(io.BytesIO(data)) as opened:
        stream = opened.streams.audio[0]
        return stream.codec_context.name, np.concatenate([f.to_ndarray()[0] for f in opened.decode(stream)])


codec, little = read(wav("<"))
print("RIFF:", codec, "correlation with the tone", round(float(np.corrcoef(little, tone)[0, 1]), 3))
codec, big = read(wav(">"))
wrong, right = (float(np.corrcoef(one, tone)[0, 1]) for one in (big, big.byteswap()))
print("RIFX:", codec, "correlation with the tone", round(wrong, 3), "and with bytes exchanged", round(right, 3))
if not (np.array_equal(little, tone) and len(big) == len(tone) and abs(wrong) < 0.5 and right > 0.999):
    sys.exit("changed: PCM in RIFX is no longer read as little-endian")
print("as described: PCM in RIFX is read as little-endian")
PYTHON
