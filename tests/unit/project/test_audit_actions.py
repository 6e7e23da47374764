"""The page of the audit log lists the actions of the code."""

from scripts import audit_actions


def test_table_is_up_to_date() -> None:
    assert audit_actions.documented() == audit_actions.table()
    assert "`transcription.delete`" in audit_actions.table()
