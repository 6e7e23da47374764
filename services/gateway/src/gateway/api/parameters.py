"""Shared types of parameters and body fields."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from common.errors import ValidationError
from gateway.sessions.session import Session
from gateway.texts import check_language, storable
from gateway.web.callers import current_session

MAX_ID = 2**63 - 1
MAX_OFFSET = 2**31 - 1
MAX_LIMIT = 1000


def _storable(text: str) -> str:
    if not storable(text):
        raise ValueError("The text contains a character that cannot be stored")
    return text


def _stripped(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("The text is empty")
    return text


def _language(text: str) -> str:
    try:
        return check_language(text)
    except ValidationError as error:
        raise ValueError(error.message) from error


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[
    str, Field(min_length=1, max_length=255), AfterValidator(_storable), AfterValidator(_stripped)
]
Language = Annotated[
    str,
    Field(max_length=16, json_schema_extra={"pattern": r"^([A-Za-z]{2,3}|auto|)$"}),
    AfterValidator(_storable),
    AfterValidator(_language),
]
"""A language code in lower case, or "" to detect the language."""

EmptyIsNone = BeforeValidator(_none_if_empty)

Caller = Annotated[Session, Depends(current_session)]
TranscriptionId = Annotated[
    int, Path(ge=1, le=MAX_ID, description="Transcription ID returned by the upload.")
]
SpeakerId = Annotated[int, Path(ge=1, le=MAX_ID, description="Speaker profile ID.")]
JobId = Annotated[
    str, Path(max_length=64, description="Job ID: `job_` and 32 hexadecimal digits."),
    AfterValidator(_storable),
]  # fmt: skip
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of results.")]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Number of results to skip.")]


class JsonBody(BaseModel):
    """Base of JSON bodies. Types are not coerced, and unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)
