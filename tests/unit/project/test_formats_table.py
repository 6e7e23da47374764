"""The page about recordings lists the formats of the code."""

from common.audio.formats import FORMATS
from scripts import formats_table


def test_page_lists_every_format() -> None:
    assert formats_table.documented() == formats_table.table()
    assert len(FORMATS) > 35
    for form in FORMATS:
        assert f"| {form.name} | .{form.extensions[0]}" in formats_table.documented()
