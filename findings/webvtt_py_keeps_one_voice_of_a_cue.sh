#!/usr/bin/env bash
# webvtt-py: of a cue with two voices, one speaker is returned, with the text of both.
#
# WebVTT permits several voice spans in a cue, for people who speak at once or in turn. `voice` is the first of them, and
# `text` has the words of all, so that the second person's words are the first one's. Character references stay as they
# are, while the tags around them are removed.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: webvtt-py==0.6.0
cd "$directory"
"$directory/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import webvtt

print("webvtt-py", importlib.metadata.version("webvtt-py"))
FILE = (
    "WEBVTT\n\n"
    "00:01.000 --> 00:04.000\n<v Ann>Are you there?</v>\n<v Bob>Yes.</v>\n\n"
    "00:05.000 --> 00:06.000\n<v Bob>Tea &amp; cake?</v>\n"
)
found = [(cue.voice, cue.text) for cue in webvtt.from_string(FILE)]
for voice, text in found:
    print(f"{voice}: {text!r}")
if found != [("Ann", "Are you there?\nYes."), ("Bob", "Tea &amp; cake?")]:
    sys.exit("changed: voices or character references are read in another way")
print("as described: Ann has Bob's answer")
PYTHON
