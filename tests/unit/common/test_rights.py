from collections.abc import Iterator

import pytest

from common import identity, rights
from common.errors import AuthenticationError
from common.identity import Identity
from common.rights import Right

OWN = Identity(session_id="session_2", workspace_id="session_1", token="tok")


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Leave no caller behind."""
    token = identity.use(None)
    yield
    identity.reset(token)


@pytest.mark.parametrize("right", list(Right))
def test_sessions_have_every_right_in_their_workspace(right: Right) -> None:
    identity.use(OWN)
    assert rights.workspace(right) == "session_1"
    assert rights.caller(right) == OWN
    assert rights.allows(OWN, right, "session_1")


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize("workspace", ["session_2", "session_3", ""])
def test_sessions_have_no_right_in_other_workspaces(right: Right, workspace: str) -> None:
    assert not rights.allows(OWN, right, workspace)


@pytest.mark.parametrize(
    "caller",
    [
        Identity(service="gateway"),
        Identity(session_id="session_1"),
        Identity(service="gateway", workspace_id="session_1"),
    ],
)
def test_callers_without_session_and_workspace_own_nothing(caller: Identity) -> None:
    identity.use(caller)
    with pytest.raises(AuthenticationError):
        rights.workspace(Right.READ)


def test_outside_a_call_nobody_owns_anything() -> None:
    with pytest.raises(AuthenticationError):
        rights.workspace(Right.READ)
