"""All files of the corpus, by name, and those that tests decode."""

import os

from tests.recordings.case import Case
from tests.recordings.table_channels import CHANNELS
from tests.recordings.table_clocks import CLOCKS
from tests.recordings.table_damage import DAMAGE, REFUSED
from tests.recordings.table_formats import FORMATS
from tests.recordings.table_headers import HEADERS
from tests.recordings.table_tracks import TRACKS

__all__ = ["ALL", "CASES", "REFUSED", "SEEKABLE", "WHOLE"]

CASES = {case.name: case for case in (*FORMATS, *HEADERS, *DAMAGE, *CHANNELS, *TRACKS, *CLOCKS)}
#: Without this, each file is decoded by one test only, since all take minutes on two cores.
ALL = os.environ.get("RECORDINGS") == "all"
#: Reading through loses a frame of less than 0.1 s, so that what follows is that much earlier.
_LOSING = {"fewer_frames.mp3", "hole.mp3", "joined.mp3"}


def _split() -> tuple[list[Case], list[Case]]:
    """Return files that are read through, and files that are also read from the middle.

    By default, every second file of every table is in one of the lists only.
    """
    whole, seekable = [], []
    for place, case in enumerate(CASES.values()):
        losing = case.name in _LOSING
        if ALL or losing or place % 2 == 0:
            whole.append(case)
        if not losing and (ALL or place % 2 == 1):
            seekable.append(case)
    return whole, seekable


WHOLE, SEEKABLE = _split()
