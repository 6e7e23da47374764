import dataclasses
import itertools

import pytest

from common.errors import AuthenticationError
from common.identity import Grant, Role, Scope
from common.identity_messages import ROLES, SCOPES, caller_of, caller_text, grant_of, role_of
from securetranscribe.v1 import identity_pb2, session_pb2

CALLERS = [
    Grant(),
    Grant.of("session_1"),
    *(
        Grant(
            session_id="session_1",
            workspace_id="workspace_1",
            user_id="user_1",
            role=role,
            scopes=scopes,
            administrator=administrator,
        )
        for role, scopes, administrator in itertools.product(
            [None, *Role],
            [None, frozenset[Scope](), frozenset({Scope.READ}), frozenset(Scope)],
            [False, True],
        )
    ),
    Grant(session_id="session_2", link_id="link_1"),
]


@pytest.mark.parametrize("caller", CALLERS, ids=range(len(CALLERS)))
def test_callers_survive_the_metadata(caller: Grant) -> None:
    text = caller_text(caller)
    assert text.isascii()
    assert text.isprintable()
    assert caller_of(text) == caller


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '"session_1"',
        '{"role": "owner"}',
        '{"role": 4}',
        '{"scopes": ["everything"]}',
        '{"scopes": 1}',
        '{"scopes": [[]]}',
        '{"session": 1}',
        '{"workspace": ["w"]}',
        '{"link": null}',
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(AuthenticationError):
        caller_of(text)


def test_a_word_does_not_make_an_administrator() -> None:
    assert not caller_of('{"user": "user_1", "administrator": "yes"}').administrator


def test_answers_of_the_gateway_become_grants() -> None:
    answer = session_pb2.AuthenticateSessionResponse(
        session_id="session_1",
        workspace_id="workspace_1",
        user_id="user_1",
        role=identity_pb2.ROLE_EDITOR,
        scopes=[identity_pb2.SCOPE_READ, identity_pb2.SCOPE_WRITE],
        administrator=True,
    )
    assert grant_of(answer) == Grant(
        session_id="session_1",
        workspace_id="workspace_1",
        user_id="user_1",
        role=Role.EDITOR,
        scopes=frozenset({Scope.READ, Scope.WRITE}),
        administrator=True,
    )


def test_answers_of_the_version_before_are_open_sessions() -> None:
    answer = session_pb2.AuthenticateSessionResponse(session_id="session_1")
    assert grant_of(answer) == Grant.of("session_1")


def test_users_and_links_without_a_workspace_get_none() -> None:
    for answer in (
        session_pb2.AuthenticateSessionResponse(session_id="s", user_id="user_1"),
        session_pb2.AuthenticateSessionResponse(session_id="s", link_id="link_1"),
    ):
        assert grant_of(answer).workspace_id == ""
        assert grant_of(answer).own_role is None


def test_unknown_roles_and_scopes_of_later_versions_give_nothing() -> None:
    answer = session_pb2.AuthenticateSessionResponse(
        session_id="s",
        workspace_id="w",
        user_id="user_1",
        role=99,  # type: ignore[arg-type]
        scopes=[98],  # type: ignore[list-item]
    )
    assert grant_of(answer).role is None
    assert grant_of(answer).scopes == frozenset()


def test_every_role_and_scope_has_its_message() -> None:
    assert {role_of(value) for value in ROLES.values()} == set(Role)
    assert len(set(SCOPES.values())) == len(Scope)
    named = [name for name, value in identity_pb2.Role.items() if value]
    assert named == [f"ROLE_{role.name}" for role in Role]


def test_every_field_of_a_grant_is_passed_on() -> None:
    full = CALLERS[-2]
    copied = {field.name for field in dataclasses.fields(Grant)}
    assert copied == set(vars(Grant.copy(full)))
