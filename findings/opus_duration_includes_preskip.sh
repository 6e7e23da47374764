#!/usr/bin/env bash
# PyAV: the duration that an Opus file declares is longer than the sound that decodes from it.
#
# An encoder puts "pre-skip" samples in front of the first sound, and a decoder drops them. The granule position of
# the last page of an Ogg file counts them, and PyAV passes it on: stream.duration is the pre-skip (6.5 ms with
# libopus) longer than the decoded sound, for a recording of any length. Matroska with the same packets declares the
# same surplus, in its clock of whole milliseconds and with the last packet's padding: 8 ms. A check that compares
# the declared length with the decoded samples needs that much tolerance.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: av==18.1.0 numpy==2.4.6
"$directory/venv/bin/python" - <<'PYTHON'
import io
import sys

import av
import numpy as np

RATE, SECONDS = 48_000, 5
print("PyAV", av.__version__, "with", ", ".join(f"{k} {'.'.join(map(str, v))}" for k, v in sorted(av.library_versions.items())))


def encoded(container: str) -> bytes:
    """Five seconds of a tone as Opus in a container."""
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE * SECONDS) / RATE)).astype(np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        size = stream.codec_context.frame_size or 960
        for start in range(0, len(tone), size):
            piece = tone[start : start + size].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def measured(data: bytes) -> tuple[float, float]:
    """Declared and decoded length in seconds."""
    with av.open(io.BytesIO(data)) as opened:
        stream = opened.streams.audio[0]
        declared = float(stream.duration * stream.time_base) if stream.duration else opened.duration / 1e6
        return declared, sum(frame.samples for frame in opened.decode(stream)) / RATE


surplus = {}
for container in ("ogg", "matroska"):
    declared, decoded = measured(encoded(container))
    surplus[container] = declared - decoded
    print(f"{container}: declared {declared:.4f} s, decoded {decoded:.4f} s, surplus {1000 * surplus[container]:.1f} ms")
if not (0.0060 < surplus["ogg"] < 0.0070 and 0.0060 < surplus["matroska"] < 0.0090):
    sys.exit("changed: the declared length of Opus no longer includes the pre-skip")
print("as described: the declared length of Opus includes the pre-skip")
PYTHON
