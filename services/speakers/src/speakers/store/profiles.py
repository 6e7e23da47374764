"""Table of profiles."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import psycopg.errors
from psycopg.rows import DictRow

from common.errors import ConflictError, NotFoundError
from common.postgres import Connection, execute, fetch_all, fetch_one
from speakers.domain.names import name_key, search_text
from speakers.domain.profile import Description, Page, Profile

_INSERT = """
INSERT INTO profiles (name, name_key, gender, age_range, language, accent, description, kept,
                      request_key, workspace_id, pool, search_name, search_words)
VALUES (%(name)s, %(name_key)s, %(gender)s, %(age_range)s, %(language)s, %(accent)s,
        %(description)s, %(kept)s, %(request_key)s, %(workspace_id)s, %(pool)s,
        %(search_name)s,
        setweight(to_tsvector('simple', %(search_name)s), 'A')
        || setweight(to_tsvector('simple', %(search_description)s), 'B'))
RETURNING *
"""
_UPDATE = """
UPDATE profiles
SET name = %(name)s, name_key = %(name_key)s, gender = %(gender)s, age_range = %(age_range)s,
    language = %(language)s, accent = %(accent)s, description = %(description)s,
    verified = %(verified)s, active = %(active)s, kept = true, updated_at = now(),
    search_name = %(search_name)s,
    search_words = setweight(to_tsvector('simple', %(search_name)s), 'A')
        || setweight(to_tsvector('simple', %(search_description)s), 'B')
WHERE profile_id = %(profile_id)s AND (%(pool)s::text IS NULL OR pool = %(pool)s)
RETURNING *
"""
_ALL_WITH = """
SELECT * FROM profiles
WHERE profile_id = ANY(%(ids)s) AND (%(pool)s::text IS NULL OR pool = %(pool)s)
"""
_BY_REQUEST = "SELECT * FROM profiles WHERE request_key = %s"
_BY_NAME = "SELECT * FROM profiles WHERE pool = %(pool)s AND name_key = %(name_key)s AND active"
_LIST = """
SELECT * FROM profiles
WHERE (%(pool)s::text IS NULL OR pool = %(pool)s)
  AND (active OR NOT %(active_only)s) AND (verified OR NOT %(verified_only)s)
ORDER BY name_key, profile_id LIMIT %(size)s OFFSET %(offset)s
"""
_COUNT = """
SELECT count(*) AS total FROM profiles
WHERE (%(pool)s::text IS NULL OR pool = %(pool)s)
  AND (active OR NOT %(active_only)s) AND (verified OR NOT %(verified_only)s)
"""
# Matches word prefixes in the name or description, and the query anywhere in the name. Exact names
# rank first, then name prefixes, then by text rank.
_SEARCH = """
WITH wanted AS (
    SELECT to_tsquery('simple', string_agg(quote_literal(lexeme) || ':*', ' & ')) AS words
    FROM unnest(to_tsvector('simple', %(query)s))
)
SELECT profiles.* FROM profiles, wanted
WHERE (search_words @@ words OR search_name LIKE '%%' || %(pattern)s || '%%')
  AND (active OR NOT %(active_only)s)
  AND (%(pool)s::text IS NULL OR pool = %(pool)s)
ORDER BY search_name <> %(query)s, search_name NOT LIKE %(pattern)s || '%%',
         coalesce(ts_rank(search_words, words), 0) DESC, name_key, profile_id
LIMIT %(limit)s
"""
_SET_VOICE = """
UPDATE profiles
SET sample_count = %(sample_count)s, speech_seconds = %(speech_seconds)s,
    confidence = %(confidence)s, kept = kept OR %(kept)s, updated_at = now()
WHERE profile_id = %(profile_id)s
RETURNING *
"""
_DELETE = "DELETE FROM profiles WHERE profile_id = %s"
_DELETE_UNREFERENCED = """
DELETE FROM profiles p
WHERE profile_id = ANY(%s) AND NOT kept
  AND NOT EXISTS (SELECT FROM decisions d WHERE d.profile_id = p.profile_id)
  AND NOT EXISTS (SELECT FROM observations o WHERE o.profile_id = p.profile_id)
RETURNING profile_id, pool
"""


class Profiles:
    """Repository of the profiles of a pool, or of all pools, bound to one transaction."""

    def __init__(self, connection: Connection, pool: str | None) -> None:
        """With a pool of None, profiles of all pools exist."""
        self._connection = connection
        self._pool = pool

    async def add(
        self,
        described: Description,
        *,
        kept: bool,
        workspace_id: str,
        request_key: str | None = None,
    ) -> Profile:
        """Insert a profile made by a workspace into the pool.

        A profile not `kept` is deleted with the last decision or observation of it.

        Raises:
            ConflictError: An active profile has the name.
        """
        parameters = {
            **_texts(described),
            "kept": kept,
            "workspace_id": workspace_id,
            "request_key": request_key,
        }
        assert self._pool is not None, "a profile belongs to one pool"
        return await self._written(_INSERT, parameters, described.name)

    async def save(self, profile: Profile) -> Profile:
        """Store a person's changes and mark the profile as kept.

        Raises:
            ConflictError: Another active profile has the name.
            NotFoundError: The profile does not exist.
        """
        parameters = {
            **_texts(profile.described),
            "profile_id": profile.profile_id,
            "verified": profile.verified,
            "active": profile.active,
        }
        return await self._written(_UPDATE, parameters, profile.name)

    async def get(self, profile_id: int) -> Profile:
        """Return one profile.

        Raises:
            NotFoundError: The profile does not exist.
        """
        found = await self.all_with([profile_id])
        if not found:
            raise NotFoundError("Speaker not found.")
        return found[profile_id]

    async def all_with(self, profile_ids: Sequence[int]) -> dict[int, Profile]:
        """Return the existing profiles, keyed by id."""
        parameters = {"ids": list(profile_ids), "pool": self._pool}
        rows = await fetch_all(self._connection, _ALL_WITH, parameters)
        return {row["profile_id"]: _profile(row) for row in rows}

    async def by_request(self, request_key: str) -> Profile | None:
        """Return the profile created by an idempotent request."""
        row = await fetch_one(self._connection, _BY_REQUEST, (request_key,))
        return None if row is None else _profile(row)

    async def by_name(self, name: str) -> Profile | None:
        """Return the active profile with a name. Case and whitespace do not matter."""
        parameters = {"name_key": name_key(name), "pool": self._pool}
        row = await fetch_one(self._connection, _BY_NAME, parameters)
        return None if row is None else _profile(row)

    async def page(
        self, *, active_only: bool, verified_only: bool, page: Page
    ) -> tuple[list[Profile], int]:
        """Return one page of profiles ordered by name, and the total count."""
        parameters = {
            "active_only": active_only,
            "verified_only": verified_only,
            "size": page.size,
            "offset": page.offset,
            "pool": self._pool,
        }
        rows = await fetch_all(self._connection, _LIST, parameters)
        count = await fetch_one(self._connection, _COUNT, parameters)
        return [_profile(row) for row in rows], count["total"] if count else 0

    async def search(self, query: str, *, active_only: bool, limit: int) -> list[Profile]:
        """Return profiles matching words of the name or description, best match first."""
        text = " ".join(search_text(query).split())
        parameters = {
            "query": text,
            "pattern": _escaped(text),
            "active_only": active_only,
            "limit": limit,
            "pool": self._pool,
        }
        return [_profile(row) for row in await fetch_all(self._connection, _SEARCH, parameters)]

    async def set_voice(
        self,
        profile_id: int,
        *,
        sample_count: int,
        speech_seconds: float,
        confidence: float,
        kept: bool,
    ) -> Profile:
        """Store the figures derived from the ledger. With `kept`, mark the profile as kept."""
        parameters = {
            "profile_id": profile_id,
            "sample_count": sample_count,
            "speech_seconds": speech_seconds,
            "confidence": confidence,
            "kept": kept,
        }
        return await self._written(_SET_VOICE, parameters, "")

    async def delete(self, profile_id: int) -> None:
        """Delete a profile and all rows referring to it."""
        await execute(self._connection, _DELETE, (profile_id,))

    async def delete_unreferenced(self, profile_ids: Sequence[int]) -> dict[int, str]:
        """Delete profiles not kept and without decisions and observations.

        Return their pools, keyed by id.
        """
        rows = await fetch_all(self._connection, _DELETE_UNREFERENCED, (sorted(profile_ids),))
        return {row["profile_id"]: row["pool"] for row in sorted(rows, key=_number)}

    async def _written(self, sql: str, parameters: dict[str, Any], name: str) -> Profile:
        try:
            row = await fetch_one(self._connection, sql, {**parameters, "pool": self._pool})
        except psycopg.errors.UniqueViolation as error:
            raise ConflictError(
                "Another active speaker already has this name.", {"field": "name", "value": name}
            ) from error
        if row is None:
            raise NotFoundError("Speaker not found.")
        return _profile(row)


def _texts(described: Description) -> dict[str, Any]:
    return {
        **asdict(described),
        "name_key": name_key(described.name),
        "search_name": search_text(described.name),
        "search_description": search_text(described.description),
    }


def _number(row: DictRow) -> int:
    number: int = row["profile_id"]
    return number


def _escaped(text: str) -> str:
    # LIKE treats these characters as wildcards.
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _profile(row: DictRow) -> Profile:
    return Profile(
        profile_id=row["profile_id"],
        described=Description(
            name=row["name"],
            gender=row["gender"],
            age_range=row["age_range"],
            language=row["language"],
            accent=row["accent"],
            description=row["description"],
        ),
        verified=row["verified"],
        active=row["active"],
        pool=row["pool"],
        sample_count=row["sample_count"],
        speech_seconds=row["speech_seconds"],
        confidence=row["confidence"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
