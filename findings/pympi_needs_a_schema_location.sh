#!/usr/bin/env bash
# pympi-ling: an EAF document of ELAN without a schema location cannot be read.
#
# `xsi:noNamespaceSchemaLocation` is a hint for validators, which XML Schema makes optional, and the format's schema
# does not ask for it. pympi looks it up without a default and raises KeyError instead of reading the annotations.
# Exporters that want their documents read by pympi have to write the attribute.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: pympi-ling==1.71
"$directory/venv/bin/python" - "$directory" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

from pympi import Elan

print("pympi-ling", version("pympi-ling"))
HINT = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="EAFv3.0.xsd"'
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"{hint}>
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="900"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="words" TIER_ID="A">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>hello</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="words" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false"/>
</ANNOTATION_DOCUMENT>
"""


def read(hint: str) -> str:
    file = Path(sys.argv[1]) / "document.eaf"
    file.write_text(DOCUMENT.format(hint=hint), encoding="utf-8")
    try:
        return f"annotations {Elan.Eaf(str(file)).get_annotation_data_for_tier('A')}"
    except KeyError as error:
        return f"KeyError {error}"


with_hint, without = read(HINT), read("")
print("with a schema location:", with_hint)
print("without:", without)
if not (with_hint.startswith("annotations") and without.startswith("KeyError")):
    sys.exit("changed: documents without a schema location are read")
print("as described: documents without a schema location cannot be read")
PYTHON
