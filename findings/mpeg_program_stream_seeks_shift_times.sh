#!/usr/bin/env bash
# PyAV: after a seek in an MPEG program stream, the times of AC-3 frames can be off by a frame.
#
# Frames carry the time stamp of the packet that they begin in. Read from the beginning, each of them has its own
# time. After a seek, the demultiplexer begins in the middle of a frame and gives the first whole one a time that
# belongs to its predecessor, so that the same sound has times that are up to one frame (32 ms) apart, depending on
# where reading began. Excerpts by time of such files have to be read from the beginning, with packets skipped.
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

RATE, SECONDS = 48_000, 60
print("PyAV", av.__version__, "with", ", ".join(f"{k} {'.'.join(map(str, v))}" for k, v in sorted(av.library_versions.items())))


def encoded() -> bytes:
    """A minute of noise as AC-3 in an MPEG program stream."""
    noise = (0.2 * np.random.default_rng(1).standard_normal(RATE * SECONDS)).astype(np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="vob") as out:
        stream = out.add_stream("ac3", rate=RATE, layout="mono")
        for start in range(0, len(noise), 1536):
            frame = av.AudioFrame.from_ndarray(noise[None, start : start + 1536], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def frames(data: bytes, seek: float | None) -> list[tuple[float, np.ndarray]]:
    """Times in seconds and samples of the frames, the first few after a seek left out."""
    with av.open(io.BytesIO(data)) as opened:
        stream = opened.streams.audio[0]
        if seek is not None:
            opened.seek(int((seek + float(stream.start_time * stream.time_base)) / stream.time_base), stream=stream)
        found = []
        for packet in opened.demux(stream):
            try:
                decoded = packet.decode()
            except av.error.InvalidDataError:
                continue  # the rest of a frame before the place
            found += [(float(one.pts * one.time_base), one.to_ndarray()[0]) for one in decoded if one.pts is not None]
    return found[4:40] if seek is not None else found


data = encoded()
whole = frames(data, None)
shifts = []
for seek in (7.3, 19.1, 30.0, 41.7, 52.2):
    time, samples = frames(data, seek)[0]
    same = min(whole, key=lambda one: float(np.abs(one[1] - samples).mean()))
    shifts.append(time - same[0])
    print(f"seek to {seek} s: a frame at {time:.3f} s is that of {same[0]:.3f} s, shifted by {1000 * shifts[-1]:.1f} ms")
largest = max(map(abs, shifts))
if not 0.002 < largest < 0.1:
    sys.exit("changed: times after a seek agree with those from the beginning")
print(f"as described: times after a seek are up to {1000 * largest:.0f} ms apart from those from the beginning")
PYTHON
