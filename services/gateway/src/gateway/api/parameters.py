"""Shared types of parameters and body fields."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from common import languages
from common.errors import ValidationError
from gateway.idempotency.request_state import request_id_of
from gateway.sessions.session import Session
from gateway.texts import storable
from gateway.web.callers import current_session
from gateway.web.unknown_names import UNKNOWN_FIELD, unknown_name

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


def _code(normalize: Callable[[str], str]) -> AfterValidator:
    """Return a validator that replaces a language tag by the code of its language."""

    def replace(text: str) -> str:
        try:
            return normalize(text)
        except ValidationError as error:
            raise ValueError(error.message) from error

    return AfterValidator(replace)


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[
    str, Field(min_length=1, max_length=255), AfterValidator(_storable), AfterValidator(_stripped)
]
_Tag = Annotated[
    str,
    Field(
        max_length=languages.LONGEST,
        json_schema_extra={"pattern": r"^([A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*)?$"},
        examples=["en", "pt-BR"],
    ),
    AfterValidator(_storable),
]
Language = Annotated[_Tag, _code(languages.requested)]
"""The code of a language that can be recognized, or "" to detect the language."""
SpokenLanguage = Annotated[_Tag, _code(languages.of_person)]
"""The code of a language that a person speaks, or "" where it is unknown."""

EmptyIsNone = BeforeValidator(_none_if_empty)

RequestId = Annotated[str, Depends(request_id_of)]
"""The idempotency key for calls of services, empty without one."""

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
    """Base of JSON bodies. Types are not coerced, and unknown fields are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, value: Any) -> Any:
        """Refuse unknown fields before all else, with the name that was probably meant."""
        if cls.model_config.get("extra") == "forbid" and isinstance(value, dict):
            known = {field.alias or name for name, field in cls.model_fields.items()}
            for name in value:
                if name not in known:
                    error = unknown_name(name, known, kind="field")
                    raise PydanticCustomError(
                        UNKNOWN_FIELD, "{message}", {"message": error.message, **error.details}
                    )
        return value
