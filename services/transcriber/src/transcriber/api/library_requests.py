"""Validation of requests about lists of transcriptions, and their conversion."""

import base64
import datetime as dt
import json
from collections.abc import Sequence

from common import characters, languages, times
from common.errors import ValidationError
from securetranscribe.v1 import library_pb2, transcription_pb2
from transcriber.api import requests
from transcriber.domain.library import Filter, Sort
from transcriber.library.bulk import MOST_ITEMS, Action, BulkChange
from transcriber.library.changes import Change
from transcriber.library.organization import MOST_TAGS
from transcriber.store.listing import Place

_LONGEST_SPEAKER = 255
_LONGEST_CURSOR = 4096
_GREATEST_ID = 2**63 - 1
_SORTS = {
    transcription_pb2.TRANSCRIPTION_SORT_UNSPECIFIED: Sort.NEWEST,
    transcription_pb2.TRANSCRIPTION_SORT_NEWEST: Sort.NEWEST,
    transcription_pb2.TRANSCRIPTION_SORT_OLDEST: Sort.OLDEST,
    transcription_pb2.TRANSCRIPTION_SORT_TITLE: Sort.TITLE,
    transcription_pb2.TRANSCRIPTION_SORT_TITLE_DESCENDING: Sort.TITLE_DESCENDING,
    transcription_pb2.TRANSCRIPTION_SORT_LONGEST: Sort.LONGEST,
    transcription_pb2.TRANSCRIPTION_SORT_SHORTEST: Sort.SHORTEST,
}
_ACTIONS = {
    library_pb2.BULK_ACTION_TRASH: Action.TRASH,
    library_pb2.BULK_ACTION_RESTORE: Action.RESTORE,
    library_pb2.BULK_ACTION_DELETE: Action.DELETE,
    library_pb2.BULK_ACTION_TAG: Action.TAG,
    library_pb2.BULK_ACTION_UNTAG: Action.UNTAG,
    library_pb2.BULK_ACTION_MOVE: Action.MOVE,
    library_pb2.BULK_ACTION_FAVORITE: Action.FAVORITE,
}


def wanted(
    message: transcription_pb2.TranscriptionFilter, *, trashed: bool = False, status: int = 0
) -> Filter:
    """Convert a filter. `status` is one given apart from it.

    Raises:
        ValidationError: a field is invalid.
    """
    if len(message.tag_ids) > MOST_TAGS:
        raise ValidationError.of("tag_ids", f"tag_ids must not be more than {MOST_TAGS}.")
    speaker = message.speaker
    if len(speaker) > _LONGEST_SPEAKER or characters.has_forbidden(speaker):
        raise ValidationError.of("speaker", "speaker must be the name of a person.")
    return Filter(
        status=requests.status(message.status or status),
        tag_ids=tuple(message.tag_ids),
        folder_id=message.folder_id if message.HasField("folder_id") else None,
        favorite=message.favorite if message.HasField("favorite") else None,
        language=languages.requested(message.language),
        speaker=characters.tidied(speaker),
        created_from=_moment(message, "create_from"),
        created_to=_moment(message, "create_to"),
        min_duration=_seconds(message, "min_duration"),
        max_duration=_seconds(message, "max_duration"),
        trashed=trashed,
    )


def sort(value: int) -> Sort:
    """Convert an order.

    Raises:
        ValidationError: it is unknown.
    """
    if value not in _SORTS:
        raise ValidationError.of("sort", "There is no such order.")
    return _SORTS[transcription_pb2.TranscriptionSort.ValueType(value)]


def cursor_of(sort: str, place: Place | None) -> str:
    """Return the cursor of the page behind a place, empty without one."""
    if place is None:
        return ""
    content = json.dumps([sort, place.number, place.text, place.id])
    return base64.urlsafe_b64encode(content.encode()).decode()


def place_of(sort: str, cursor: str) -> Place | None:
    """Return the place of a cursor, None for an empty one.

    Raises:
        ValidationError: it was not made for this order.
    """
    if not cursor:
        return None
    refused = ValidationError.of("cursor", "cursor must be that of the page before.")
    if len(cursor) > _LONGEST_CURSOR:
        raise refused
    try:
        made_for, number, text, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        place = Place(number=float(number), text=str(text), id=int(last))
        place.text.encode()  # Half a surrogate pair has no encoding.
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise refused from error
    if made_for != sort or not 0 <= place.id <= _GREATEST_ID or "\0" in place.text:
        raise refused
    return place


def moment_of(place: Place) -> dt.datetime:
    """Return the moment in a place of the trash.

    Raises:
        ValidationError: the cursor was not made for it.
    """
    try:
        moment = dt.datetime.fromisoformat(place.text)
    except ValueError as error:
        raise ValidationError.of("cursor", "cursor must be that of the page before.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def change(request: library_pb2.UpdateTranscriptionRequest) -> Change:
    """Convert the new properties of a transcription.

    Raises:
        ValidationError: there are too many tags.
    """
    tags = tuple(dict.fromkeys(request.tags.tag_ids)) if request.HasField("tags") else None
    if tags is not None and len(tags) > MOST_TAGS:
        raise ValidationError.of("tag_ids", f"tag_ids must not be more than {MOST_TAGS}.")
    return Change(
        title=request.title if request.HasField("title") else None,
        folder_id=request.folder_id if request.HasField("folder_id") else None,
        favorite=request.favorite if request.HasField("favorite") else None,
        tag_ids=tags,
    )


def bulk(request: library_pb2.BulkUpdateRequest) -> BulkChange:
    """Convert the action of a bulk change.

    Raises:
        ValidationError: it is unknown, or its tag is missing.
    """
    if request.action not in _ACTIONS:
        raise ValidationError.of("action", "There is no such action.")
    action = _ACTIONS[request.action]
    if action in {Action.TAG, Action.UNTAG} and not request.tag_id:
        raise ValidationError.of("tag_id", "tag_id is required for this action.")
    return BulkChange(
        action=action,
        tag_id=request.tag_id,
        folder_id=request.folder_id,
        favorite=request.favorite,
    )


def bulk_ids(request: library_pb2.BulkUpdateRequest) -> Sequence[int]:
    """Return the ids of a bulk change, none if it has a filter.

    Raises:
        ValidationError: there are too many, or both ids and a filter, or neither.
    """
    if bool(request.transcription_ids) == request.HasField("filter"):
        raise ValidationError.of(
            "transcription_ids", "Either transcription_ids or a filter is required."
        )
    if len(request.transcription_ids) > MOST_ITEMS:
        raise ValidationError.of(
            "transcription_ids", f"transcription_ids must not be more than {MOST_ITEMS}."
        )
    return request.transcription_ids


def _seconds(message: transcription_pb2.TranscriptionFilter, field: str) -> float | None:
    return times.seconds(getattr(message, field)) if message.HasField(field) else None  # type: ignore[arg-type]


def _moment(message: transcription_pb2.TranscriptionFilter, field: str) -> dt.datetime | None:
    if not message.HasField(field):  # type: ignore[arg-type]
        return None
    try:
        return times.moment(getattr(message, field))
    except (ValueError, OverflowError) as error:
        raise ValidationError.of(field, f"{field} must be a time.") from error
