"""All files of the corpus, by name."""

from tests.recordings.table_channels import CHANNELS
from tests.recordings.table_clocks import CLOCKS
from tests.recordings.table_damage import DAMAGE, REFUSED
from tests.recordings.table_formats import FORMATS
from tests.recordings.table_headers import HEADERS
from tests.recordings.table_tracks import TRACKS

__all__ = ["CASES", "REFUSED"]

CASES = {case.name: case for case in (*FORMATS, *HEADERS, *DAMAGE, *CHANNELS, *TRACKS, *CLOCKS)}
