"""The documented JSON envelope of data and of errors."""

import datetime as dt
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

Data = TypeVar("Data")


def format_moment(moment: dt.datetime) -> str:
    """Format a time as the API returns it: UTC in whole seconds, `2024-01-01T12:00:00Z`."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[
    dt.datetime,
    PlainSerializer(format_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class ApiModel(BaseModel):
    """Base of response models. Every field is always present."""

    model_config = ConfigDict(
        frozen=True, json_schema_serialization_defaults_required=True, ser_json_inf_nan="null"
    )


class Success(ApiModel, Generic[Data]):
    """Envelope of a successful response."""

    success: Literal[True] = True
    data: Data
    message: str
    timestamp: Moment = Field(default_factory=_now)

    @classmethod
    def of(cls, data: Data, message: str) -> Self:
        """Wrap data with a human-readable message."""
        return cls(data=data, message=message)


class Pagination(ApiModel):
    """Position of a page in the full list."""

    page: int
    per_page: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool

    @classmethod
    def of(cls, *, page: int, per_page: int, total: int) -> Self:
        """Compute the page counts for `total` items. There is always at least one page."""
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
    """Envelope of a paginated list."""

    pagination: Pagination


class ErrorBody(ApiModel):
    """Error code, message, and details."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorEnvelope(ApiModel):
    """Envelope of an error response."""

    success: Literal[False] = False
    error: ErrorBody
    timestamp: Moment = Field(default_factory=_now)
