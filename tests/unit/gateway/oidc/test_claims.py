"""What the claims of providers mean."""

from typing import Any

import pytest

from common.identity import Role
from gateway.oidc.claims import groups_of, needs_more, person_of
from gateway.oidc.providers import OidcProvider, RoleRule

RULES = (
    RoleRule(group="typists", workspace="w1", role="editor"),
    RoleRule(group="doctors", workspace="w1", role="manager"),
    RoleRule(group="doctors", workspace="w2", role="viewer"),
)


def provider(**changes: Any) -> OidcProvider:
    return OidcProvider(
        **{"id": "p", "issuer": "https://id.example.org", "client_id": "us", **changes}
    )


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["a", "b"]}, "groups", {"a", "b"}),
        ({"groups": "a b"}, "groups", {"a", "b"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"resource_access": {"us": {"roles": ["a"]}}}, "resource_access.us.roles", {"a"}),
        ({"https://example.org/groups": ["a"]}, "https://example.org/groups", {"a"}),
        ({"groups": ["a", 7, None]}, "groups", {"a"}),
        ({"groups": {"a": True}}, "groups", set()),
        ({"groups": None}, "groups", set()),
        ({"realm_access": ["roles"]}, "realm_access.roles", set()),
        ({}, "groups", set()),
    ],
)
def test_groups(claims: dict[str, Any], path: str, groups: set[str]) -> None:
    assert groups_of(claims, path) == groups


def test_greatest_role_of_all_groups_counts() -> None:
    claims = {"sub": "1", "groups": ["doctors", "typists", "others"]}
    person = person_of(provider(roles=RULES), claims)
    assert person.roles == {"w1": Role.MANAGER, "w2": Role.VIEWER}


def test_nobody_has_a_role_without_a_group() -> None:
    assert person_of(provider(roles=RULES), {"sub": "1"}).roles == {}


@pytest.mark.parametrize(
    ("verified", "trusted", "counts"),
    [
        (True, False, True),
        ("true", False, True),
        (False, False, False),
        ("false", False, False),
        (None, False, False),
        (1, False, True),
        (None, True, True),
    ],
)
def test_verified_addresses(verified: Any, trusted: bool, counts: bool) -> None:
    claims = {"sub": "1", "email": "anna@example.org", "email_verified": verified}
    assert person_of(provider(trust_email=trusted), claims).email_verified is counts


def test_without_an_address_nothing_is_verified() -> None:
    assert not person_of(provider(trust_email=True), {"sub": "1"}).email_verified


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "anna", "email": "a@example.org"}, "anna"),
        ({"email": "a@example.org"}, "a@example.org"),
        ({}, "subject-1"),
    ],
)
def test_name_to_sign_in_with(claims: dict[str, Any], name: str) -> None:
    assert person_of(provider(), {"sub": "subject-1", **claims}).name == name


def test_administrators_and_permitted_groups() -> None:
    strict = provider(administrators=("admins",), allowed_groups=("staff",))
    person = person_of(strict, {"sub": "1", "groups": ["admins"]})
    assert (person.administrator, person.permitted) == (True, False)
    person = person_of(strict, {"sub": "1", "groups": ["staff"]})
    assert (person.administrator, person.permitted) == (False, True)
    assert person_of(provider(), {"sub": "1"}).permitted


def test_more_is_asked_for_only_if_something_is_missing() -> None:
    complete = {"sub": "1", "email": "a@example.org", "preferred_username": "a"}
    assert not needs_more(provider(), complete)
    assert needs_more(provider(), {"sub": "1"})
    assert needs_more(provider(roles=RULES), complete)
    assert not needs_more(provider(roles=RULES), {**complete, "groups": ["x"]})
