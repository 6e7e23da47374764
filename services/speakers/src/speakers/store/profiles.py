"""The table of profiles."""

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
                      request_key, search_name, search_words)
VALUES (%(name)s, %(name_key)s, %(gender)s, %(age_range)s, %(language)s, %(accent)s,
        %(description)s, %(kept)s, %(request_key)s, %(search_name)s,
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
WHERE profile_id = %(profile_id)s
RETURNING *
"""
_ALL_WITH = "SELECT * FROM profiles WHERE profile_id = ANY(%s)"
_BY_REQUEST = "SELECT * FROM profiles WHERE request_key = %s"
_BY_NAME = "SELECT * FROM profiles WHERE name_key = %s AND active"
_LIST = """
SELECT * FROM profiles
WHERE (active OR NOT %(active_only)s) AND (verified OR NOT %(verified_only)s)
ORDER BY name_key, profile_id LIMIT %(size)s OFFSET %(offset)s
"""
_COUNT = """
SELECT count(*) AS total FROM profiles
WHERE (active OR NOT %(active_only)s) AND (verified OR NOT %(verified_only)s)
"""
# Words match by their beginnings, in name or description; a name also where the query stands
# anywhere in it. Whole names come first, then beginnings of names, then by how well words match.
_SEARCH = """
WITH wanted AS (
    SELECT to_tsquery('simple', string_agg(quote_literal(lexeme) || ':*', ' & ')) AS words
    FROM unnest(to_tsvector('simple', %(query)s))
)
SELECT profiles.* FROM profiles, wanted
WHERE (search_words @@ words OR search_name LIKE '%%' || %(pattern)s || '%%')
  AND (active OR NOT %(active_only)s)
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
_DELETE_TRACELESS = """
DELETE FROM profiles p
WHERE profile_id = ANY(%s) AND NOT kept
  AND NOT EXISTS (SELECT FROM decisions d WHERE d.profile_id = p.profile_id)
  AND NOT EXISTS (SELECT FROM observations o WHERE o.profile_id = p.profile_id)
RETURNING profile_id
"""


class Profiles:
    """The table of profiles, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self, described: Description, *, kept: bool, request_key: str | None = None
    ) -> Profile:
        """Makes a profile; one that is not `kept` vanishes with the last trace of it.

        Raises:
            ConflictError: an active profile has the name.
        """
        parameters = {**_texts(described), "kept": kept, "request_key": request_key}
        return await self._written(_INSERT, parameters, described.name)

    async def save(self, profile: Profile) -> Profile:
        """Stores what a person changed; the profile is kept from now on.

        Raises:
            ConflictError: another active profile has the name.
            NotFoundError: there is no such profile.
        """
        parameters = {
            **_texts(profile.described),
            "profile_id": profile.profile_id,
            "verified": profile.verified,
            "active": profile.active,
        }
        return await self._written(_UPDATE, parameters, profile.name)

    async def get(self, profile_id: int) -> Profile:
        """One profile. Raises NotFoundError."""
        found = await self.all_with([profile_id])
        if not found:
            raise NotFoundError("There is no such speaker.")
        return found[profile_id]

    async def all_with(self, profile_ids: Sequence[int]) -> dict[int, Profile]:
        """Those that exist, by id."""
        rows = await fetch_all(self._connection, _ALL_WITH, (list(profile_ids),))
        return {row["profile_id"]: _profile(row) for row in rows}

    async def by_request(self, request_key: str) -> Profile | None:
        """The profile that an idempotent request made."""
        row = await fetch_one(self._connection, _BY_REQUEST, (request_key,))
        return None if row is None else _profile(row)

    async def by_name(self, name: str) -> Profile | None:
        """The active profile of this name, however it is spelt."""
        row = await fetch_one(self._connection, _BY_NAME, (name_key(name),))
        return None if row is None else _profile(row)

    async def page(
        self, *, active_only: bool, verified_only: bool, page: Page
    ) -> tuple[list[Profile], int]:
        """One page in order of name, and how many there are in all."""
        parameters = {
            "active_only": active_only,
            "verified_only": verified_only,
            "size": page.size,
            "offset": page.offset,
        }
        rows = await fetch_all(self._connection, _LIST, parameters)
        count = await fetch_one(self._connection, _COUNT, parameters)
        return [_profile(row) for row in rows], count["total"] if count else 0

    async def search(self, query: str, *, active_only: bool, limit: int) -> list[Profile]:
        """Profiles by words of name or description, best first."""
        text = " ".join(search_text(query).split())
        parameters = {
            "query": text,
            "pattern": _escaped(text),
            "active_only": active_only,
            "limit": limit,
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
        """Stores what follows from the ledger; `kept` says that a person touched the profile."""
        parameters = {
            "profile_id": profile_id,
            "sample_count": sample_count,
            "speech_seconds": speech_seconds,
            "confidence": confidence,
            "kept": kept,
        }
        return await self._written(_SET_VOICE, parameters, "")

    async def delete(self, profile_id: int) -> None:
        """Deletes a profile with all that belongs to it."""
        await execute(self._connection, _DELETE, (profile_id,))

    async def delete_traceless(self, profile_ids: Sequence[int]) -> list[int]:
        """Deletes those that only an assignment made and nothing refers to; returns their ids."""
        rows = await fetch_all(self._connection, _DELETE_TRACELESS, (sorted(profile_ids),))
        return sorted(row["profile_id"] for row in rows)

    async def _written(self, sql: str, parameters: dict[str, Any], name: str) -> Profile:
        try:
            row = await fetch_one(self._connection, sql, parameters)
        except psycopg.errors.UniqueViolation as error:
            raise ConflictError(
                "Another speaker has this name already.", {"field": "name", "value": name}
            ) from error
        if row is None:
            raise NotFoundError("There is no such speaker.")
        return _profile(row)


def _texts(described: Description) -> dict[str, Any]:
    return {
        **asdict(described),
        "name_key": name_key(described.name),
        "search_name": search_text(described.name),
        "search_description": search_text(described.description),
    }


def _escaped(text: str) -> str:
    """Text in which the special characters of LIKE stand for themselves."""
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
        sample_count=row["sample_count"],
        speech_seconds=row["speech_seconds"],
        confidence=row["confidence"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
