"""Persons, groups and roles in the claims of a provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.identity import Role
from gateway.oidc.providers import OidcProvider

_LONGEST = 255
_MOST_GROUPS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A person authenticated by a provider."""

    issuer: str
    subject: str
    name: str
    display_name: str
    email: str
    email_verified: bool
    groups: frozenset[str] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Roles by workspace."""

    administrator: bool = False
    permitted: bool = True
    """Whether a group that may sign in includes the person."""


def person_of(provider: OidcProvider, claims: Mapping[str, Any]) -> Person:
    """Return the person of the claims of an ID token and of the user's information."""
    groups = groups_of(claims, provider.groups_claim)
    email = _text(claims, "email")
    verified = claims.get("email_verified")
    return Person(
        issuer=provider.issuer,
        subject=str(claims["sub"]),
        name=_text(claims, "preferred_username") or email or str(claims["sub"])[:_LONGEST],
        display_name=_text(claims, "name"),
        email=email,
        # Some providers send the word instead of the value.
        email_verified=bool(email) and (verified in (True, "true") or provider.trust_email),
        groups=groups,
        roles=roles_of(provider, groups),
        administrator=bool(groups & set(provider.administrators)),
        permitted=not provider.allowed_groups or bool(groups & set(provider.allowed_groups)),
    )


def groups_of(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """Return the groups at a claim such as `groups` or `realm_access.roles`.

    The whole path may be the name of one claim, too, such as `https://example.org/groups`.
    """
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, Sequence):
        return frozenset()
    return frozenset(one for one in value[:_MOST_GROUPS] if isinstance(one, str))


def roles_of(provider: OidcProvider, groups: frozenset[str]) -> dict[str, Role]:
    """Return the greatest role of the groups in each workspace."""
    found: dict[str, Role] = {}
    for rule in provider.roles:
        if rule.group in groups:
            found[rule.workspace] = max(found.get(rule.workspace, Role.VIEWER), rule.granted)
    return found


def needs_more(provider: OidcProvider, claims: Mapping[str, Any]) -> bool:
    """Return whether to read the user's information for claims missing in the ID token."""
    wants_groups = provider.roles or provider.administrators or provider.allowed_groups
    missing_groups = bool(wants_groups) and not groups_of(claims, provider.groups_claim)
    return missing_groups or any(name not in claims for name in ("email", "preferred_username"))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
