"""Every role, scope and kind of caller × every right × own, foreign and no workspace."""

from collections.abc import Iterator
from itertools import chain, combinations

import pytest

from common import identity, rights
from common.errors import AuthenticationError, AuthorizationError
from common.identity import Identity, Role, Scope
from common.rights import Right

OPEN = Identity(session_id="session_2", workspace_id="session_1", token="tok")
READS = {Right.READ, Right.EXPORT}
WRITES = {Right.CREATE, Right.CHANGE, Right.DELETE}
#: What each role may do, written down again by hand.
OF_ROLE: dict[Role | None, set[Right]] = {
    None: set(),
    Role.VIEWER: READS,
    Role.COMMENTER: READS | {Right.COMMENT},
    Role.EDITOR: READS | {Right.COMMENT} | WRITES,
    Role.MANAGER: READS | {Right.COMMENT} | WRITES | {Right.MANAGE},
}
OF_SCOPE = {
    Scope.READ: {Right.READ},
    Scope.EXPORT: {Right.EXPORT},
    Scope.WRITE: {Right.COMMENT} | WRITES,
    Scope.ADMIN: {Right.MANAGE},
}
ANY_SCOPES: list[frozenset[Scope] | None] = [
    None,
    *map(frozenset, chain.from_iterable(combinations(Scope, count) for count in range(5))),
]


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Leave no caller behind."""
    token = identity.use(None)
    yield
    identity.reset(token)


def user(role: Role | None, scopes: frozenset[Scope] | None = None, **more: bool) -> Identity:
    return Identity(
        session_id="session_3",
        workspace_id="workspace_1",
        user_id="user_1",
        role=role,
        scopes=scopes,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("right", list(Right))
def test_open_sessions_have_every_right_in_their_workspace(right: Right) -> None:
    identity.use(OPEN)
    assert rights.workspace(right) == "session_1"
    assert rights.caller(right) == OPEN
    assert rights.allows(OPEN, right, "session_1")


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize("workspace", ["session_2", "session_3", ""])
@pytest.mark.parametrize("caller", [OPEN, user(Role.MANAGER)], ids=["open", "manager"])
def test_nobody_has_a_right_in_other_workspaces(
    caller: Identity, right: Right, workspace: str
) -> None:
    assert not rights.allows(caller, right, workspace)


@pytest.mark.parametrize("scopes", ANY_SCOPES, ids=lambda scopes: "none" if scopes is None else "")
@pytest.mark.parametrize("role", [None, *Role], ids=str)
@pytest.mark.parametrize("right", list(Right))
def test_users_have_the_rights_of_their_role_and_scopes(
    right: Right, role: Role | None, scopes: frozenset[Scope] | None
) -> None:
    caller = user(role, scopes)
    in_scope = scopes is None or any(right in OF_SCOPE[scope] for scope in scopes)
    expected = right in OF_ROLE[role] and in_scope

    assert rights.allows(caller, right, "workspace_1") is expected
    assert rights.permits(caller, role, right) is expected
    identity.use(caller)
    if expected:
        assert rights.workspace(right) == "workspace_1"
    else:
        with pytest.raises(AuthorizationError):
            rights.workspace(right)


@pytest.mark.parametrize("shared", list(Role))
@pytest.mark.parametrize("right", list(Right))
def test_the_role_of_a_share_counts_and_not_that_in_the_own_workspace(
    right: Right, shared: Role
) -> None:
    expected = right in OF_ROLE[shared]
    for caller in (user(None), user(Role.MANAGER), Identity(session_id="s", link_id="link_1")):
        assert rights.permits(caller, shared, right) is expected


@pytest.mark.parametrize("right", list(Right))
def test_links_have_no_right_in_any_workspace(right: Right) -> None:
    link = Identity(session_id="session_4", link_id="link_1")
    assert not rights.allows(link, right, "")
    identity.use(link)
    with pytest.raises(AuthorizationError):
        rights.workspace(right)


def test_users_and_links_are_never_taken_for_open_sessions() -> None:
    for limited in (
        Identity(session_id="s", workspace_id="w", user_id="user_1"),
        Identity(session_id="s", workspace_id="w", link_id="link_1"),
        Identity(session_id="s", workspace_id="w", scopes=frozenset()),
        Identity(session_id="s", workspace_id="w", administrator=True),
    ):
        assert limited.own_role is None
        assert limited.workspaces == ()


@pytest.mark.parametrize(
    ("role", "scopes", "right", "words", "details"),
    [
        (Role.VIEWER, None, Right.DELETE, "Deleting.*editor.*viewer", {"role": "editor"}),
        (Role.EDITOR, None, Right.MANAGE, "manager.*editor", {"role": "manager"}),
        (None, None, Right.READ, "not a member", {"role": "viewer"}),
        (Role.MANAGER, frozenset({Scope.READ}), Right.CHANGE, "write", {"scope": "write"}),
    ],
)
def test_refusals_name_what_is_needed(
    role: Role | None,
    scopes: frozenset[Scope] | None,
    right: Right,
    words: str,
    details: dict[str, str],
) -> None:
    caller = user(role, scopes)
    with pytest.raises(AuthorizationError, match=words) as refused:
        rights.require(caller, role, right)
    assert refused.value.details == details


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


def test_administrators_administer_unless_their_token_may_not() -> None:
    administrator = user(None, administrator=True)
    identity.use(administrator)
    assert rights.administrator() == administrator
    for other in (
        user(Role.MANAGER),
        user(None, frozenset({Scope.READ}), administrator=True),
        Identity(session_id="s", workspace_id="w", administrator=True),
        OPEN,
    ):
        identity.use(other)
        with pytest.raises(AuthorizationError):
            rights.administrator()
    identity.use(Identity(service="gateway"))
    with pytest.raises(AuthenticationError):
        rights.administrator()


@pytest.mark.parametrize("right", list(Right))
def test_administrators_see_no_content(right: Right) -> None:
    assert not rights.allows(user(None, administrator=True), right, "workspace_1")


def test_words_of_roles() -> None:
    assert [Role.of(role.word) for role in Role] == list(Role)
    with pytest.raises(ValueError, match="owner"):
        Role.of("owner")
