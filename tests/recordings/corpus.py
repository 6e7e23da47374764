"""All files of the corpus, by name, and those that are also read from the middle."""

from tests.recordings.table_channels import CHANNELS
from tests.recordings.table_clocks import CLOCKS
from tests.recordings.table_damage import DAMAGE, REFUSED
from tests.recordings.table_formats import FORMATS
from tests.recordings.table_headers import HEADERS
from tests.recordings.table_tracks import TRACKS

__all__ = ["CASES", "REFUSED", "SEEKABLE"]

CASES = {case.name: case for case in (*FORMATS, *HEADERS, *DAMAGE, *CHANNELS, *TRACKS, *CLOCKS)}
#: Reading through loses a frame of less than 0.1 s, so that what follows is that much earlier.
_LOSING = {"fewer_frames.mp3", "hole.mp3", "joined.mp3"}
SEEKABLE = [case for case in CASES.values() if case.name not in _LOSING]
