"""Administrators and their token."""

from typing import Any

import pytest
from pydantic import ValidationError

from common.admin import ADMIN_HEADER, Administrators
from common.errors import AuthorizationError
from common.settings import AdminSettings

TOKEN = "token of administrators, long enough"


class Context:
    """Context of a call with metadata."""

    def __init__(self, *metadata: tuple[str, Any]) -> None:
        self._metadata = metadata

    def invocation_metadata(self) -> Any:
        return self._metadata or None


@pytest.mark.parametrize("sent", [TOKEN, TOKEN.encode()])
def test_callers_with_the_token_are_administrators(sent: Any) -> None:
    context = Context(("authorization", "Bearer x"), (ADMIN_HEADER, sent))
    assert Administrators(TOKEN).include(context)
    Administrators(TOKEN).require(context, "This method")


@pytest.mark.parametrize(
    "context",
    [
        Context(),
        Context((ADMIN_HEADER, "")),
        Context((ADMIN_HEADER, TOKEN[:-1])),
        Context(("x", TOKEN)),
    ],
)
def test_other_callers_are_refused(context: Context) -> None:
    with pytest.raises(AuthorizationError, match="This method needs the token"):
        Administrators(TOKEN).require(context, "This method")


@pytest.mark.parametrize("sent", ["", TOKEN])
def test_without_a_token_there_are_none(sent: str) -> None:
    assert not Administrators("").include(Context((ADMIN_HEADER, sent)))


def test_a_short_token_is_refused() -> None:
    assert AdminSettings(admin_token="").admin_token.get_secret_value() == ""
    with pytest.raises(ValidationError, match="at least 32 characters"):
        AdminSettings(admin_token="a" * 31)
