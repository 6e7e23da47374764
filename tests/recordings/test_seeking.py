"""Sound read from the middle of files of the corpus, against the same file read through."""

import io

import numpy as np
import pytest

from common.audio.decoding import decode, read_window
from common.audio.resampling import SAMPLE_RATE
from tests.recordings.case import Case
from tests.recordings.corpus import SEEKABLE
from tests.unit.common.audio.sounds import lag

#: Most distance between the two, in samples: 5 ms.
NEAR = SAMPLE_RATE // 200
SECONDS = 1.2
#: Quieter sound than this cannot be compared.
AUDIBLE = 1e-4


@pytest.mark.parametrize("case", SEEKABLE, ids=lambda case: case.name)
def test_window_is_where_it_is_in_the_whole(case: Case) -> None:
    content = case.make()
    whole = np.concatenate(list(decode(io.BytesIO(content))))
    length = len(whole) / SAMPLE_RATE
    for start in (0.7, 0.45 * length, 0.7 * length):
        end = min(length, start + SECONDS)
        found = read_window(io.BytesIO(content), start, end)
        expected = whole[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        assert len(found) == pytest.approx(len(expected), abs=NEAR)
        size = min(len(found), len(expected))
        if size and expected[:size].std() > AUDIBLE:
            assert abs(lag(found[:size], expected[:size])) <= NEAR
