"""Filters and bodies of the library."""

import datetime as dt

import pytest
from pydantic import ValidationError

from common import times
from gateway.api.library_filters import SORTS, FilterBody
from gateway.api.library_models import BulkBody, FolderBody, UpdateBody
from securetranscribe.v1 import transcription_pb2


def test_dates_include_their_day() -> None:
    body = FilterBody.model_validate_json('{"since": "2026-01-30", "until": "2026-01-31"}')
    message = body.message()
    assert times.moment(message.create_from) == dt.datetime(2026, 1, 30, tzinfo=dt.UTC)
    assert times.moment(message.create_to) == dt.datetime(2026, 2, 1, tzinfo=dt.UTC)


def test_absent_properties_are_not_filtered_by() -> None:
    assert FilterBody().message() == transcription_pb2.TranscriptionFilter()
    message = FilterBody(folder_id=0, favorite=False, min_duration=0.0).message()
    assert message.HasField("folder_id")
    assert message.HasField("favorite")
    assert message.HasField("min_duration")


@pytest.mark.parametrize(
    "content",
    [
        '{"since": "2026-02-30"}',
        '{"since": "0001-01-01T00:00:00+14:00"}',
        '{"until": "9999-12-31"}',
        '{"min_duration": -1}',
        '{"tag_ids": [0]}',
        '{"folder_id": -1}',
        '{"language": "klingon"}',
        '{"status": "done"}',
        '{"trashed": true}',
        '{"tag_id": 7}',
    ],
)
def test_impossible_filters_are_refused(content: str) -> None:
    with pytest.raises(ValidationError):
        FilterBody.model_validate_json(content)


@pytest.mark.parametrize(
    "content",
    [
        '{"action": "trash"}',
        '{"action": "trash", "transcription_ids": []}',
        '{"action": "trash", "transcription_ids": [1], "filter": {}}',
        '{"action": "tag", "transcription_ids": [1]}',
        '{"action": "burn", "transcription_ids": [1]}',
        '{"action": "trash", "filter": {}, "trashed": true}',
        '{"action": "delete", "filter": {"trashed": true}}',
    ],
)
def test_incomplete_bulk_changes_are_refused(content: str) -> None:
    with pytest.raises(ValidationError):
        BulkBody.model_validate_json(content)


def test_bulk_change_of_everything_is_possible() -> None:
    body = BulkBody.model_validate_json('{"action": "restore", "filter": {}}')
    assert body.filter == FilterBody()


def test_texts_must_be_storable() -> None:
    with pytest.raises(ValidationError):
        UpdateBody.model_validate_json('{"title": "a\\u0000b"}')
    with pytest.raises(ValidationError):
        FolderBody.model_validate_json('{"name": ""}')


def test_every_order_has_a_word() -> None:
    orders = set(transcription_pb2.TranscriptionSort.values())
    assert set(SORTS.values()) == orders - {transcription_pb2.TRANSCRIPTION_SORT_UNSPECIFIED}
