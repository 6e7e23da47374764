#!/usr/bin/env bash
# praat-textgrids: quotation marks of labels stay doubled, as they are in the file.
#
# A TextGrid writes a quotation mark within a text twice. The reader does not undo this, and takes all marks off the ends
# of a text, so that words which somebody quotes come out with two marks or with none.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: praat-textgrids==1.4.0
cd "$directory"
"$directory/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys
from pathlib import Path

import textgrids

print("praat-textgrids", importlib.metadata.version("praat-textgrids"))
LABELS = ['say "no" twice', '"no"', "plain"]


def file(labels: list[str], *, long: bool) -> str:
    """A TextGrid in the long or the short form, as Praat writes it, with one interval per second."""
    end = len(labels)
    quoted = [label.replace('"', '""') for label in labels]
    if long:
        head = f"xmin = 0 \nxmax = {end} \ntiers? <exists> \nsize = 1 \nitem []: \n    item [1]:\n"
        head += f'        class = "IntervalTier" \n        name = "words" \n        xmin = 0 \n'
        head += f"        xmax = {end} \n        intervals: size = {end} \n"
        body = "".join(
            f"        intervals [{at + 1}]:\n            xmin = {at} \n            xmax = {at + 1} \n"
            f'            text = "{label}" \n'
            for at, label in enumerate(quoted)
        )
    else:
        head = f'0\n{end}\n<exists>\n1\n"IntervalTier"\n"words"\n0\n{end}\n{end}\n'
        body = "".join(f'{at}\n{at + 1}\n"{label}"\n' for at, label in enumerate(quoted))
    return 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n' + head + body


def read_back(*, long: bool) -> list[str]:
    Path("one.TextGrid").write_text(file(LABELS, long=long))
    return [str(interval.text) for interval in textgrids.TextGrid("one.TextGrid")["words"]]


for form, found in (("long form: ", read_back(long=True)), ("short form:", read_back(long=False))):
    print(form, found)
    if found != ['say ""no"" twice', "no", "plain"]:
        sys.exit("changed: quotation marks are read in another way")
print("as described: one label has doubled marks, the other none")
PYTHON
