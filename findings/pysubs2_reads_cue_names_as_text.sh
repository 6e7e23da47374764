#!/usr/bin/env bash
# pysubs2: the name of a WebVTT cue becomes the last line of the cue before it.
#
# WebVTT allows any line as the identifier of a cue, and a STYLE block between cues. Only identifiers that are numbers
# are left out by the reader, because it takes all lines between two lines of times for text. The name of the first cue,
# which has no text before it, is lost. Times of words within a cue stay in the text as well.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: pysubs2==1.8.1
cd "$directory"
"$directory/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import pysubs2

print("pysubs2", importlib.metadata.version("pysubs2"))


def texts(first: str, second: str) -> list[str]:
    """Texts of two cues with these identifiers."""
    file = (
        f"WEBVTT\n\n{first}\n00:01.000 --> 00:02.000\nGood morning.\n\n"
        f"{second}\n00:03.000 --> 00:04.000\nGood <00:03.500>evening.\n"
    )
    return [line.plaintext for line in pysubs2.SSAFile.from_string(file, format_="vtt")]


numbered, named = texts("1", "2"), texts("opening", "reply")
print("numbered cues:", numbered)
print("named cues:   ", named)
evening = "Good <00:03.500>evening."
if numbered != ["Good morning.", evening] or named != ["Good morning.\n\nreply", evening]:
    sys.exit("changed: names of cues or times of words are read in another way")
print("as described: the name of the second cue is in the text of the first")
PYTHON
