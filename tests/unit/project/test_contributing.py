"""The map of the code names files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PATH = re.compile(r"`((?:libs|services|protos|scripts|tests)/[^`*\s]*|[\w/]+\.(?:py|md|proto))`")


def test_every_path_of_the_map_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    missing = []
    count = 0
    for line in text.splitlines():
        folder = ROOT
        for name in _PATH.findall(line):
            if folder == ROOT and "/" not in name:
                continue
            count += 1
            # A bare name is next to the one before, or below the package it is in.
            places = [ROOT / name, folder / name, folder.parent / name]
            found = next((place for place in places if place.exists()), None)
            if found is None:
                missing.append(name)
            else:
                folder = found if found.is_dir() else found.parent
    assert missing == []
    assert count > 40
