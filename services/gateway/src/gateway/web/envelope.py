"""The form of every JSON answer: the documented envelope around the data, or around an error."""

import datetime as dt
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

Data = TypeVar("Data")


def format_moment(moment: dt.datetime) -> str:
    """A moment as the API writes it: UTC, whole seconds, `2024-01-01T12:00:00Z`."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[
    dt.datetime,
    PlainSerializer(format_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class ApiModel(BaseModel):
    """Base of what the API returns: every field is always there."""

    model_config = ConfigDict(
        frozen=True, json_schema_serialization_defaults_required=True, ser_json_inf_nan="null"
    )


class Success(ApiModel, Generic[Data]):
    """The envelope of a successful answer."""

    success: Literal[True] = True
    data: Data
    message: str
    timestamp: Moment = Field(default_factory=_now)

    @classmethod
    def of(cls, data: Data, message: str) -> Self:
        """The data with a sentence that says what was done."""
        return cls(data=data, message=message)


class Pagination(ApiModel):
    """Where a page stands among all pages."""

    page: int
    per_page: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool

    @classmethod
    def of(cls, *, page: int, per_page: int, total: int) -> Self:
        """Computes the pages of `total` items; there is at least one page."""
        pages = max(1, -(-total // per_page))
        return cls(
            page=page,
            per_page=per_page,
            total=total,
            pages=pages,
            has_next=page < pages,
            has_prev=page > 1,
        )


class Paginated(Success[Data], Generic[Data]):
    """The envelope of a list that comes in pages."""

    pagination: Pagination


class ErrorBody(ApiModel):
    """What went wrong."""

    code: str
    message: str
    details: dict[str, Any]


class Failure(ApiModel):
    """The envelope of an error."""

    success: Literal[False] = False
    error: ErrorBody
    timestamp: Moment = Field(default_factory=_now)
