"""Filtered and ordered lists of transcriptions."""

import datetime as dt
from typing import Any

import pytest

from common.errors import ValidationError
from common.postgres import Database
from common.times import duration, timestamp
from securetranscribe.v1 import transcription_pb2
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.library.callers import Librarian, ids

_INSERT = """
INSERT INTO transcriptions (
    session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate, channels,
    source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers, status,
    title, language_detected, languages, created_at)
SELECT 'session_a', 'session_a', name || '.wav', 1, seconds, 'wav', 'pcm', 16000, 1, name, '', '{}',
       0, 0, 0, 'failed', title, language, spans::jsonb, now() - make_interval(days => age)
FROM (VALUES ('b', 30, 'Zebra', 'en', '[[0, 9, "de", 0.9]]', 3), ('A', 10, '', 'de', '[]', 2),
             ('c', 20, 'apple', 'fr', '[]', 1))
     AS files (name, seconds, title, language, spans, age)
"""
_SPEAKER = """
INSERT INTO transcript_speakers (
    transcription_id, label, position, name, segment_count, total_duration, average_confidence,
    speech_seconds, clean_starts, clean_ends)
VALUES (2, 'Speaker_1', 0, 'Ada', 0, 0, 0, 0, '{}', '{}')
"""


@pytest.fixture
async def librarian(api: Api, caller: Caller, database: Database) -> Librarian:
    await database.execute(_INSERT)
    return Librarian(api, caller)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (transcription_pb2.TRANSCRIPTION_SORT_UNSPECIFIED, [3, 2, 1]),
        (transcription_pb2.TRANSCRIPTION_SORT_NEWEST, [3, 2, 1]),
        (transcription_pb2.TRANSCRIPTION_SORT_OLDEST, [1, 2, 3]),
        (transcription_pb2.TRANSCRIPTION_SORT_TITLE, [2, 3, 1]),
        (transcription_pb2.TRANSCRIPTION_SORT_TITLE_DESCENDING, [1, 3, 2]),
        (transcription_pb2.TRANSCRIPTION_SORT_LONGEST, [1, 3, 2]),
        (transcription_pb2.TRANSCRIPTION_SORT_SHORTEST, [2, 3, 1]),
    ],
)
async def test_orders_have_stable_pages(
    librarian: Librarian, database: Database, sort: int, expected: list[int]
) -> None:
    assert await librarian.listed(sort=sort) == expected
    page = await librarian.page(sort=sort, limit=1)
    found = ids(page)
    # Added at the beginning of most orders while somebody turns the pages.
    await database.execute(_INSERT.replace("'Zebra'", "'Zoo'").replace("30,", "31,"))
    while page.next_cursor:
        page = await librarian.page(sort=sort, limit=1, cursor=page.next_cursor)
        found += ids(page)
    assert [number for number in found if number <= 3] == expected
    assert len(found) == len(set(found))


async def test_pages_by_offset_stay_as_documented(librarian: Librarian) -> None:
    page = await librarian.page(limit=2, offset=1)
    assert (ids(page), page.total) == ([2, 1], 3)
    behind = await librarian.page(limit=2, offset=7)
    assert (ids(behind), behind.total) == ([], 3)


async def test_filters(librarian: Librarian, database: Database) -> None:
    await database.execute(_SPEAKER)
    tag, other = await librarian.tag("Budget"), await librarian.tag("Later")
    folder = await librarian.folder("Clients")
    await librarian.update(1, favorite=True, tags={"tag_ids": [tag, other]})
    await librarian.update(2, folder_id=folder, tags={"tag_ids": [tag]})
    now = dt.datetime.now(dt.UTC)
    assert await librarian.listed(favorite=True) == [1]
    assert await librarian.listed(favorite=False) == [3, 2]
    assert await librarian.listed(tag_ids=[tag]) == [2, 1]
    assert await librarian.listed(tag_ids=[tag, other, tag]) == [1]
    assert await librarian.listed(folder_id=folder) == [2]
    assert await librarian.listed(folder_id=0) == [3, 1]
    assert await librarian.listed(language="de") == [2, 1]
    assert await librarian.listed(speaker="ada") == [2]
    assert await librarian.listed(speaker="Bob") == []
    assert await librarian.listed(min_duration=duration(20), max_duration=duration(29)) == [3]
    assert await librarian.listed(
        create_from=timestamp(now - dt.timedelta(days=2.5)),
        create_to=timestamp(now - dt.timedelta(days=1.5)),
    ) == [2]
    assert await librarian.listed(status=transcription_pb2.TRANSCRIPTION_STATUS_FAILED) == [3, 2, 1]
    assert await librarian.listed(status=transcription_pb2.TRANSCRIPTION_STATUS_PENDING) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"cursor": "x"},
        {"cursor": "W10="},
        {"cursor": "WyJuZXdlc3QiLDAsIlx1ZDgwMCIsMV0="},
        {"cursor": "WyJvbGRlc3QiLDAsIiIsMV0="},
        {"sort": 99},
        {"filter": {"language": "klingon"}},
        {"filter": {"speaker": "\u0007"}},
        {"cursor": "WyJuZXdlc3QiLDAsIiIsMV0=", "offset": 1},
    ],
)
async def test_invalid_requests_are_refused(librarian: Librarian, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        await librarian.page(**fields)
