#!/usr/bin/env bash
# textgrid: the short form of a TextGrid is read only with the header that old versions of Praat wrote.
#
# Praat has long begun both forms with the same two lines, and tells them apart by what follows. The reader expects the
# long form after them, and ends with an AttributeError. With "ooTextFile short" in the first line it reads the same file.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: textgrid==1.5
cd "$directory"
"$directory/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys
from pathlib import Path

import textgrid

print("textgrid", importlib.metadata.version("textgrid"))
LABELS = ["good", "morning"]


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


def read_back(text: str) -> str:
    Path("one.TextGrid").write_text(text)
    try:
        grid = textgrid.TextGrid.fromFile("one.TextGrid")
    except Exception as error:
        return type(error).__name__
    return str([interval.mark for interval in grid[0]])


short = file(LABELS, long=False)
head = 'File type = "ooTextFile"\nObject class = "TextGrid"'
old = short.replace(head, 'File type = "ooTextFile short"\n"TextGrid"')
results = [read_back(text) for text in (file(LABELS, long=True), short, old)]
for form, found in zip(("long form", "short form", "short form with the old header"), results, strict=True):
    print(f"{form}: {found}")
if results != [str(LABELS), "AttributeError", str(LABELS)]:
    sys.exit("changed: the short form is read in another way")
print("as described: the short form of today is not read")
PYTHON
