"""Requests about lists of transcriptions."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ValidationError
from common.times import duration, timestamp
from securetranscribe.v1 import library_pb2, transcription_pb2
from tests.unit.transcriber.api.test_responses import NOON
from transcriber.api import library_requests
from transcriber.domain.library import Filter, Sort
from transcriber.domain.transcriptions import TranscriptionStatus
from transcriber.library.bulk import Action
from transcriber.store.listing import Place

_PLACES = st.builds(
    Place,
    number=st.floats(allow_nan=False),
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300),
    id=st.integers(0, 2**63 - 1),
)


@given(place=_PLACES, sort=st.sampled_from(Sort))
def test_cursor_stands_for_its_place(place: Place, sort: Sort) -> None:
    cursor = library_requests.cursor_of(sort, place)
    assert library_requests.place_of(sort, cursor) == place
    with pytest.raises(ValidationError):
        library_requests.place_of("another", cursor)


def test_first_page_has_no_cursor() -> None:
    assert library_requests.cursor_of(Sort.TITLE, None) == ""
    assert library_requests.place_of(Sort.TITLE, "") is None


@given(st.text(max_size=60))
def test_made_up_cursors_are_refused(text: str) -> None:
    if text:
        with pytest.raises(ValidationError):
            library_requests.place_of(Sort.NEWEST, text)


def test_deeply_nested_cursor_is_refused() -> None:
    cursor = base64.urlsafe_b64encode(b"[" * 3000).decode()
    with pytest.raises(ValidationError):
        library_requests.place_of(Sort.NEWEST, cursor)


def test_filter_has_what_is_present() -> None:
    assert library_requests.wanted(transcription_pb2.TranscriptionFilter()) == Filter()
    message = transcription_pb2.TranscriptionFilter(
        folder_id=0,
        favorite=False,
        language="pt-BR",
        speaker=" Ada  Lovelace ",
        create_from=timestamp(NOON),
        max_duration=duration(0.0),
    )
    assert library_requests.wanted(
        message, trashed=True, status=transcription_pb2.TRANSCRIPTION_STATUS_FAILED
    ) == Filter(
        status=TranscriptionStatus.FAILED,
        folder_id=0,
        favorite=False,
        language="pt",
        speaker="Ada Lovelace",
        created_from=NOON,
        max_duration=0.0,
        trashed=True,
    )


def test_change_tells_absent_from_empty() -> None:
    request = library_pb2.UpdateTranscriptionRequest(transcription_id=1)
    absent = library_requests.change(request)
    assert (absent.title, absent.folder_id, absent.favorite, absent.tag_ids) == (None,) * 4
    request = library_pb2.UpdateTranscriptionRequest(
        title="", folder_id=0, favorite=False, tags=library_pb2.TagSet(tag_ids=[2, 1, 2])
    )
    given_ = library_requests.change(request)
    assert (given_.title, given_.folder_id, given_.favorite) == ("", 0, False)
    assert given_.tag_ids == (2, 1)


def test_bulk_change_needs_its_tag() -> None:
    request = library_pb2.BulkUpdateRequest(action=library_pb2.BULK_ACTION_UNTAG)
    with pytest.raises(ValidationError):
        library_requests.bulk(request)
    request.tag_id = 3
    change = library_requests.bulk(request)
    assert (change.action, change.tag_id) == (Action.UNTAG, 3)


@pytest.mark.parametrize("sort", Sort)
def test_orders_have_opposites(sort: Sort) -> None:
    assert sort.key in {"id", "title", "duration"}
    assert len({one for one in Sort if one.key == sort.key}) == 2
    assert len({one.descending for one in Sort if one.key == sort.key}) == 2
