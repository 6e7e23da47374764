#!/usr/bin/env bash
# whisper_normalizer: numbers at the end of one sentence and the beginning of the next become one number.
#
# The English normalizer removes punctuation before it reads numbers, so that a number, and an "oh" or a "one" that
# begins the next sentence, are read as its digits. In a conversation they can belong to two speakers. Reference and
# hypothesis of a word error rate have fewer words then, and differ in numbers that nobody said.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: whisper_normalizer==0.1.15
cd "$directory"
"$directory/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

from whisper_normalizer.english import EnglishTextNormalizer

print("whisper_normalizer", importlib.metadata.version("whisper_normalizer"))
normalize = EnglishTextNormalizer()
CONVERSATIONS = {
    ("I have five.", "Oh, good."): "i have 50 good",
    ("That is in chapter two.", "Three people said so."): "that is in chapter 23 people said so",
    ("We met at nine.", "One of us left."): "we met at 91 of us left",
}
for turns, joined in CONVERSATIONS.items():
    apart, together = " ".join(map(normalize, turns)), normalize(" ".join(turns))
    print(f"{' '.join(turns)}\n  each: {apart}\n  both: {together}")
    if together != joined or apart == joined:
        sys.exit("changed: numbers of two sentences stay apart")
print("as described: a number goes on in the next sentence")
PYTHON
