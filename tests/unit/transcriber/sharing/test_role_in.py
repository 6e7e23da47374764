"""Roles in which callers reach transcriptions."""

import pytest

from common.identity import Grant, Role
from transcriber.sharing.access import role_in
from transcriber.store.shares import Reach

V, C, E, M = Role.VIEWER, Role.COMMENTER, Role.EDITOR, Role.MANAGER


def member(role: Role | None) -> Grant:
    return Grant(session_id="s", workspace_id="w", user_id="u", role=role)


def reach(**how: object) -> Reach:
    return Reach(workspace_id="other", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("caller", "how", "expected"),
    [
        (member(M), {"own": True}, M),
        (member(V), {"own": True}, V),
        (member(V), {"own": True, "user_role": E}, E),
        (member(M), {"user_role": V}, V),
        (member(M), {"workspace_role": E}, E),
        (member(V), {"workspace_role": E}, V),
        (member(E), {"workspace_role": C}, C),
        (member(V), {"workspace_role": E, "user_role": C}, C),
        (member(None), {"workspace_role": E}, None),
        (member(None), {"user_role": E}, E),
        (Grant.of("session_a"), {"workspace_role": E}, E),
        (Grant(session_id="s", link_id="link_1"), {"linked": True}, V),
        (member(M), {}, None),
    ],
)
def test_roles(caller: Grant, how: dict[str, object], expected: Role | None) -> None:
    assert role_in(caller, reach(**how)) == expected
