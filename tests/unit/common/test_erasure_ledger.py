"""Keys of the ledger of erasures."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.erasure_ledger import PREFIX, Erasure, ErasureKind, parse_key

_TIMES = st.datetimes(
    min_value=dt.datetime(2020, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)


def test_key_has_time_kind_and_subject() -> None:
    erasure = Erasure(
        kind=ErasureKind.TRANSCRIPTION,
        subject="57",
        erased_at=dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    )
    assert erasure.key == f"{PREFIX}20260102T100000.000000Z/transcription/57"


@given(kind=st.sampled_from(ErasureKind), subject=st.text(min_size=1), at=_TIMES)
def test_key_says_all_that_a_replay_needs(kind: ErasureKind, subject: str, at: dt.datetime) -> None:
    erasure = Erasure(kind=kind, subject=subject, erased_at=at)
    assert parse_key(erasure.key) == erasure


@pytest.mark.parametrize(
    "key",
    [
        "ledger/",
        "ledger/20260102T100000.000000Z/transcription",
        "ledger/20260102T100000.000000Z/session/1",
        "ledger/yesterday/transcription/57",
        "ledger/20260102T100000.000000Z/transcription/57/more",
    ],
)
def test_other_objects_are_no_entries(key: str) -> None:
    assert parse_key(key) is None
