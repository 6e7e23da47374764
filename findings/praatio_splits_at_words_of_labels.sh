#!/usr/bin/env bash
# praatio: labels with the words "intervals [" break the reading of a long TextGrid.
#
# The reader splits the file at the texts that begin tiers and intervals, without regard to quotation marks, so that
# a label which holds one of them ends its interval. Praat reads such files. The short form of the format has no such
# texts and is read correctly.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: praatio==6.2.2
cd "$directory"
"$directory/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

from praatio import textgrid

print("praatio", importlib.metadata.version("praatio"))
TEXTS = ["before", "see intervals [3] of the list", "after"]


def read_back(form: str) -> str:
    """Labels of a file that praatio has written itself, or the error in reading it."""
    grid = textgrid.Textgrid()
    spans = [(float(at), float(at + 1), text) for at, text in enumerate(TEXTS)]
    grid.addTier(textgrid.IntervalTier("words", spans, 0, len(TEXTS)))
    grid.save("one.TextGrid", format=form, includeBlankSpaces=True)
    try:
        tier = textgrid.openTextgrid("one.TextGrid", includeEmptyIntervals=False).getTier("words")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return str([entry.label for entry in tier.entries])


long, short = read_back("long_textgrid"), read_back("short_textgrid")
print("long form: ", long)
print("short form:", short)
if long == str(TEXTS) or short != str(TEXTS):
    sys.exit("changed: both forms are read alike")
print("as described: the long form is not read back")
PYTHON
