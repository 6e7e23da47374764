"""Migrations only add, because replicas of the previous version run on the new schema."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MIGRATIONS = sorted(ROOT.glob("*/*/src/**/migrations/*.sql"))
#: Without a check, or with a wider one, every statement of the previous version still works.
_REMOVES = re.compile(
    r"\b(DROP(?!\s+CONSTRAINT\s+(?:IF\s+EXISTS\s+)?\w+_check\d*\b)|RENAME|TRUNCATE|DELETE|SET\s+NOT\s+NULL|ALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE)\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"--.*")
#: Run by callers of the function or by its trigger, not by the migration.
_BODY = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_TRIGGER = re.compile(r"CREATE\s+TRIGGER[^;]*", re.IGNORECASE)
#: With another type of result a function cannot be replaced in one statement.
_REPLACED = re.compile(r"DROP FUNCTION (\w+)(\([\w, ]*\));(?=\s*CREATE FUNCTION \1\()")
#: For a wider one, where no statement names its columns after ON CONFLICT.
_REPLACED_INDEX = re.compile(r"DROP INDEX (\w+);(?=\s*CREATE UNIQUE INDEX \1 ON )")


def removals(script: str) -> list[str]:
    """Return the statements of a script that a previous version may not survive."""
    for left_out in (_COMMENT, _BODY, _TRIGGER, _REPLACED, _REPLACED_INDEX):
        script = left_out.sub("", script)
    statements = script.split(";")
    return [one.strip() for one in statements if _REMOVES.search(re.sub(r"ON\s+DELETE", "", one))]


def test_migrations_of_all_services_are_found() -> None:
    found = {path.parts[len(ROOT.parts) + 1] for path in MIGRATIONS}
    assert {"common", "gateway", "speakers", "transcriber"} <= found


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.name)
def test_no_migration_removes_anything(path: Path) -> None:
    assert removals(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE a (b int);\nDROP TABLE c;",
        "ALTER TABLE a DROP COLUMN b, ADD COLUMN c int",
        "ALTER TABLE a DROP CONSTRAINT a_key",
        "DROP INDEX a_key",
        "DROP INDEX a_key;\nCREATE UNIQUE INDEX b_key ON a (b)",
        "alter table a rename column b to c",
        "ALTER TABLE a ALTER COLUMN b TYPE bigint",
        "ALTER TABLE a ALTER b SET NOT NULL",
        "DELETE FROM a WHERE b",
        "DROP FUNCTION a(text);\nCREATE FUNCTION b(gone text) RETURNS int AS $$ SELECT 1 $$;",
    ],
)
def test_removals_are_recognized(script: str) -> None:
    assert len(removals(script)) == 1


def test_additions_are_not_removals() -> None:
    script = """
    -- DROP nothing.
    CREATE TABLE a (b int REFERENCES c ON DELETE CASCADE);
    ALTER TABLE a ADD COLUMN d text NOT NULL DEFAULT '';
    ALTER TABLE a DROP CONSTRAINT IF EXISTS a_kind_check, DROP CONSTRAINT a_check1;
    ALTER TABLE a ADD CONSTRAINT a_kind_check CHECK (kind IN ('one', 'another'));
    DROP FUNCTION f(text);
    CREATE FUNCTION f(gone text) RETURNS int AS $$ DELETE FROM a; $$;
    DROP INDEX a_key;
    CREATE UNIQUE INDEX a_key ON a (b, d);
    CREATE TRIGGER t BEFORE DELETE ON a EXECUTE FUNCTION g();
    """
    assert removals(script) == []
