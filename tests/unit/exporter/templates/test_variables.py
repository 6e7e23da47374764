import json

from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from exporter.templates.variables import variables
from tests.unit.exporter.documents import hostile, meeting


def test_they_are_the_members_of_the_json_export() -> None:
    options = ExportOptions(words=True, speaker_stats=True, meeting_summary=True)
    exported = json.loads(b"".join(FORMATS["json"].render(meeting(), options)))
    found = variables(meeting(), options)
    turns = found.pop("turns")
    assert found == exported
    assert [turn["segments"] for turn in turns] == [[0, 1], [2, 3], [4]]


def test_they_are_plain_data() -> None:
    found = variables(hostile(), ExportOptions())
    assert json.loads(json.dumps(found)) == found
    assert not any("words" in segment for segment in found["segments"])
