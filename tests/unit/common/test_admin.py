"""Administrators, who sign in or send a token."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from common import identity
from common.admin import ADMIN_HEADER, Administrators
from common.errors import AuthorizationError
from common.identity import Identity, Role, Scope
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
    with pytest.raises(AuthorizationError, match="This method needs an administrator"):
        Administrators(TOKEN).require(context, "This method")


@pytest.mark.parametrize("sent", ["", TOKEN])
def test_without_a_token_there_are_none(sent: str) -> None:
    assert not Administrators("").include(Context((ADMIN_HEADER, sent)))


def _user(*, administrator: bool, scopes: frozenset[Scope] | None = None) -> Identity:
    return Identity(
        session_id="session_1",
        workspace_id="workspace_1",
        user_id="user_1",
        role=Role.MANAGER,
        scopes=scopes,
        administrator=administrator,
    )


@pytest.fixture
def _nobody_afterwards() -> Iterator[None]:
    yield
    identity.use(None)


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize(
    ("caller", "included"),
    [
        (_user(administrator=True), True),
        (_user(administrator=True, scopes=frozenset(Scope)), True),
        (_user(administrator=True, scopes=frozenset({Scope.ADMIN})), True),
        (_user(administrator=True, scopes=frozenset({Scope.READ, Scope.WRITE})), False),
        (_user(administrator=False), False),
        (_user(administrator=False, scopes=frozenset({Scope.ADMIN})), False),
        (Identity(session_id="session_1", workspace_id="session_1"), False),
        (Identity(service="gateway"), False),
        # A link belongs to nobody, whatever else it claims.
        (Identity(session_id="session_1", link_id="link_1", administrator=True), False),
        (None, False),
    ],
)
@pytest.mark.usefixtures("_nobody_afterwards")
def test_signed_in_administrators_need_no_token(
    caller: Identity | None, token: str, *, included: bool
) -> None:
    identity.use(caller)
    assert Administrators(token).include(Context()) is included


def test_a_short_token_is_refused() -> None:
    assert AdminSettings(admin_token="").admin_token.get_secret_value() == ""
    with pytest.raises(ValidationError, match="at least 32 characters"):
        AdminSettings(admin_token="a" * 31)
