"""Charts of series."""

from xml.etree import ElementTree

from bench.soak.chart import chart


def test_every_series_has_a_line_and_a_name() -> None:
    panels = {"Memory, MB": {"a & b": [1.0, 2.0], "c": [0.0, 0.0]}, "Rows": {"d": [3.0, 3.0]}}
    root = ElementTree.fromstring(chart([0.0, 60.0], panels, warm_up=20.0))
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a & b", "c", "d", "Memory, MB", "Rows"} <= set(texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 3
