#!/usr/bin/env bash
# FFmpeg through PyAV: with `fflags=nobuffer`, sound read from a WebM pipe can lack its first Opus packet.
#
# The option is often recommended against delay. Packets that were read while the streams were probed are not kept
# with it, so that the first ones are never returned. What was said first is lost, and every length is short by a
# packet. Live sound has to be read without the option. With a small `probesize`, all packets are returned.
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

RATE, SECONDS = 48_000, 3
print("PyAV", av.__version__, "with", ", ".join(f"{k} {'.'.join(map(str, v))}" for k, v in sorted(av.library_versions.items())))


class Pipe:
    """Bytes that can only be read on, as from a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._data.read(size)


def encoded() -> bytes:
    """A tone as Opus in WebM."""
    tone = (0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE * SECONDS) / RATE)).astype(np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        for start in range(0, len(tone), 960):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 960], format="flt", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def packets(data: bytes, options: dict[str, str]) -> list[int]:
    """Time stamps of the packets."""
    with av.open(Pipe(data), format="webm", options=options) as opened:
        return [one.pts for one in opened.demux(audio=0) if one.size]


data = encoded()
whole = packets(data, {})
least = packets(data, {"fflags": "nobuffer"})
small = packets(data, {"probesize": "32"})
print(f"default: {len(whole)} packets from {whole[0]}")
print(f"nobuffer: {len(least)} packets from {least[0]}")
print(f"probesize=32: {len(small)} packets from {small[0]}")
if not (small == whole and least == whole[len(whole) - len(least) :] and len(least) < len(whole)):
    sys.exit("changed: all packets are returned with nobuffer, or not with a small probesize")
print(f"as described: {len(whole) - len(least)} packet(s) at the beginning lost with nobuffer")
PYTHON
