"""Table of prototypes: positions of known voices, with nearest-neighbor search."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, fetch_one
from speakers.domain.pool import DEPLOYMENT
from speakers.domain.voice_space import Place

_PUT = """
INSERT INTO prototypes (profile_id, model_id, dimension, space, place, pool)
SELECT profile_id, %(model_id)s, %(dimension)s, %(space)s, %(place)s::real[]::vector, pool
FROM profiles WHERE profile_id = %(profile_id)s
ON CONFLICT (profile_id, model_id) DO UPDATE
SET dimension = excluded.dimension, space = excluded.space, place = excluded.place
WHERE (prototypes.space, prototypes.place) IS DISTINCT FROM (excluded.space, excluded.place)
"""
_REMOVE_OTHERS = "DELETE FROM prototypes WHERE profile_id = %s AND NOT model_id = ANY(%s)"
_COUNT = """
SELECT count(*) AS profiles FROM prototypes WHERE pool = %(pool)s AND model_id = %(model_id)s
"""
_SPACES = """
SELECT DISTINCT p.model_id, m.name, m.version, p.space
FROM prototypes p JOIN voice_models m USING (model_id)
"""
_IN_SPACE = """
SELECT profile_id FROM prototypes
WHERE model_id = %s AND space = %s AND NOT item_rests('prototypes', profile_id::text)
ORDER BY profile_id LIMIT %s
"""
# The index is approximate. The more neighbors it examines, the fewer it misses. It holds all models
# of one dimension, so the scan has to continue past rows of other models and pools. Profiles of
# other pools than that of the deployment are compared one by one.
_SEARCH_WIDELY = """
SELECT set_config('hnsw.ef_search', %s, true),
       set_config('hnsw.iterative_scan', 'strict_order', true)
"""
_NEAREST_192 = """
SELECT profile_id, 1 - (place::vector(192) <=> %(place)s::real[]::vector(192)) AS similarity
FROM prototypes WHERE dimension = 192 AND pool = '' AND model_id = %(model_id)s
ORDER BY place::vector(192) <=> %(place)s::real[]::vector(192) LIMIT %(limit)s
"""
_NEAREST_256 = """
SELECT profile_id, 1 - (place::vector(256) <=> %(place)s::real[]::vector(256)) AS similarity
FROM prototypes WHERE dimension = 256 AND pool = '' AND model_id = %(model_id)s
ORDER BY place::vector(256) <=> %(place)s::real[]::vector(256) LIMIT %(limit)s
"""
_NEAREST_512 = """
SELECT profile_id, 1 - (place::vector(512) <=> %(place)s::real[]::vector(512)) AS similarity
FROM prototypes WHERE dimension = 512 AND pool = '' AND model_id = %(model_id)s
ORDER BY place::vector(512) <=> %(place)s::real[]::vector(512) LIMIT %(limit)s
"""
_NEAREST_EXACTLY = """
SELECT profile_id, 1 - (place <=> %(place)s::real[]::vector) AS similarity
FROM prototypes WHERE pool = %(pool)s AND model_id = %(model_id)s
ORDER BY place <=> %(place)s::real[]::vector LIMIT %(limit)s
"""
_INDEXED: Mapping[int, str] = {192: _NEAREST_192, 256: _NEAREST_256, 512: _NEAREST_512}
_NEIGHBORS = 200


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prototype:
    """Position of a profile's voice. `space` is the digest of its voice space."""

    space: str
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbor:
    """A profile near a voice. `similarity` is the cosine in the voice space, -1 to 1."""

    profile_id: int
    similarity: float


class Prototypes:
    """Repository of prototypes, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def replace(self, profile_id: int, prototypes: Mapping[int, Prototype]) -> None:
        """Replace all prototypes of a profile with these, keyed by model id."""
        await execute(self._connection, _REMOVE_OTHERS, (profile_id, list(prototypes)))
        for model_id, prototype in sorted(prototypes.items()):
            parameters = {
                "profile_id": profile_id,
                "model_id": model_id,
                "dimension": len(prototype.place),
                "space": prototype.space,
                "place": prototype.place.tolist(),
            }
            await execute(self._connection, _PUT, parameters)

    async def count(self, model_id: int, pool: str) -> int:
        """Count the profiles of a pool with a prototype of a model."""
        parameters = {"model_id": model_id, "pool": pool}
        row = await fetch_one(self._connection, _COUNT, parameters)
        return row["profiles"] if row else 0

    async def nearest(self, model_id: int, place: Place, limit: int, pool: str) -> list[Neighbor]:
        """Return the `limit` profiles of a pool nearest to a position, nearest first."""
        await execute(self._connection, _SEARCH_WIDELY, (str(max(_NEIGHBORS, 2 * limit)),))
        indexed = _INDEXED if pool == DEPLOYMENT else {}
        sql = indexed.get(len(place), _NEAREST_EXACTLY)
        parameters = {
            "model_id": model_id,
            "place": place.tolist(),
            "limit": limit,
            "pool": pool,
        }
        return [
            Neighbor(profile_id=row["profile_id"], similarity=row["similarity"])
            for row in await fetch_all(self._connection, sql, parameters)
        ]

    async def spaces(self) -> list[tuple[int, str, str, str]]:
        """Return the distinct (model id, model name, model version, space) of all prototypes."""
        rows = await fetch_all(self._connection, _SPACES)
        return [(row["model_id"], row["name"], row["version"], row["space"]) for row in rows]

    async def profiles_in(self, model_id: int, space: str, limit: int) -> list[int]:
        """Return up to `limit` profiles with prototypes of a model in a space, in id order."""
        rows = await fetch_all(self._connection, _IN_SPACE, (model_id, space, limit))
        return [row["profile_id"] for row in rows]
