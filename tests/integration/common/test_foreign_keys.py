"""Deletions find the rows that they take along by an index, however large a table is."""

from collections.abc import Callable

import pytest

from tests.integration.serving import migrated

# An index of all rows, or of those that name another one, that begins with the columns of the key.
_WITHOUT_INDEX = """
SELECT c.conrelid::regclass::text || ' (' || string_agg(a.attname, ', ') || ')' AS key
FROM pg_constraint c
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
WHERE c.contype = 'f' AND c.confdeltype IN ('c', 'n')
  AND c.connamespace = current_schema()::regnamespace
  AND NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = c.conrelid
      AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(c.conkey)] @> c.conkey
      AND (i.indpred IS NULL
           OR pg_get_expr(i.indpred, i.indrelid)
              = format('(%I IS NOT NULL)', a.attname)))
GROUP BY c.oid, c.conrelid
ORDER BY 1
"""


@pytest.mark.parametrize("service", ["gateway", "transcriber", "speakers"])
async def test_every_foreign_key_has_an_index(
    service: str, postgres_url: Callable[[str], str]
) -> None:
    async with migrated(postgres_url(service), service) as database:
        rows = await database.fetch_all(_WITHOUT_INDEX)
    assert [row["key"] for row in rows] == []
