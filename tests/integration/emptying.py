"""Tables and buckets emptied between tests."""

from minio import Minio

from common.errors import UnavailableError
from common.postgres import Database
from common.settings import ObjectSettings

#: Tables with their references, and sequences of their columns.
_REACHED = """
WITH RECURSIVE reached AS (
    SELECT unnest(%s::text[])::regclass::oid AS id
    UNION
    SELECT conrelid FROM pg_constraint JOIN reached ON confrelid = id WHERE contype = 'f'
)
SELECT id::regclass::text AS name, relname AS sequence
FROM reached LEFT JOIN pg_depend ON refobjid = id AND deptype IN ('a', 'i')
     AND classid = 'pg_class'::regclass
LEFT JOIN pg_class ON oid = objid AND relkind = 'S'
"""
_EMPTYING = """
DO $$ BEGIN
    LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
    IF (SELECT max(pg_relation_size(name)) FROM unnest(ARRAY[{names}]::regclass[]) AS name)
       > 1000000 THEN
        TRUNCATE {tables} RESTART IDENTITY;
    ELSE
        {deletions}
    END IF;
END $$
"""
#: Each waits for a second until Postgres notices that two wait for each other.
_ATTEMPTS = 20
_statements: dict[tuple[str, ...], str] = {}


async def empty(database: Database, *tables: str) -> None:
    """Empty tables and those that refer to them, and begin again with their ids.

    Rows are deleted while nobody else uses the tables, which takes a hundredth of the time of
    TRUNCATE. That makes new files for every table and index.
    """
    if tables not in _statements:
        _statements[tables] = await _statement(database, tables)
    for attempt in range(_ATTEMPTS):
        try:
            await database.execute(_statements[tables])
            return
        except UnavailableError:
            # Steps of an api lock tables in another order.
            if attempt == _ATTEMPTS - 1:
                raise


async def _statement(database: Database, tables: tuple[str, ...]) -> str:
    found = await database.fetch_all(_REACHED, [list(tables)])
    # An api may read its keys in another transaction while one is open, so those are locked last.
    names = list(dict.fromkeys([*tables, *sorted(row["name"] for row in found)]))
    sequences = sorted({row["sequence"] for row in found if row["sequence"]})
    return _EMPTYING.format(
        tables=", ".join(names),
        names=", ".join(f"'{name}'" for name in names),
        deletions="\n        ".join(
            [
                *(f"DELETE FROM {name};" for name in names),
                *(f"PERFORM setval('{name}', 1, false);" for name in sequences),
            ]
        ),
    )


def empty_buckets(s3: ObjectSettings) -> None:
    """Remove all objects. Earlier tests leave hundreds of megabytes."""
    client = Minio(
        s3.s3_endpoint.removeprefix("http://"),
        access_key=s3.s3_access_key.get_secret_value(),
        secret_key=s3.s3_secret_key.get_secret_value(),
        secure=False,
    )
    for bucket in (s3.s3_bucket_audio, s3.s3_bucket_results):
        for found in list(client.list_objects(bucket, recursive=True)):
            client.remove_object(bucket, str(found.object_name))
