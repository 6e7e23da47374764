#!/usr/bin/env bash
# faster-whisper 1.2.1 asks for cuDNN 9 on GPUs, but the build of CTranslate2 that pip installs has no use for it.
#
# Images for GPUs that follow the requirement carry the cuDNN package, of more than a gigabyte, which nothing ever
# loads: the library of CTranslate2 4.8.5 names cuBLAS of CUDA 12, for loading at run time, and no part of cuDNN.
# CTranslate2 computes convolutions by a kernel of its own since a release after the requirement was written.
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || { echo "The builds with CUDA are for x86-64 only." >&2; exit 1; }
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
  ctranslate2==4.8.5 faster-whisper==1.2.1
"$directory/venv/bin/python" - <<'PYTHON'
import re
import sys
from importlib.metadata import distribution, files, version

print("ctranslate2", version("ctranslate2"), "with faster-whisper", version("faster-whisper"))
description = distribution("faster-whisper").read_text("METADATA") or ""
asked = [line.strip(" *") for line in description.splitlines() if line.startswith("* [cuDNN 9")]
print("faster-whisper requires:", *asked)
named = set()
uses = 0
for file in files("ctranslate2") or []:
    if ".so" in file.name:
        content = file.locate().read_bytes()
        named |= set(re.findall(rb"lib(?:cublas|cudnn)[\w.]*\.so[.\d]*", content))
        uses += len(re.findall(rb"cudnn", content, re.IGNORECASE))
print("libraries of CUDA that CTranslate2 names:", sorted(name.decode() for name in named))
print("occurrences of cuDNN in its libraries:", uses)
if not asked or uses or b"libcublas.so.12" not in named:
    sys.exit("The behavior has changed.")
PYTHON
