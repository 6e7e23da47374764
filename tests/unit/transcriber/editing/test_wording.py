"""Times of words that share the time of a passage."""

from hypothesis import given
from hypothesis import strategies as st

from transcriber.editing import wording
from transcriber.editing.items import Times


def test_time_is_divided_by_width() -> None:
    assert wording.spread(Times(1.0, 2.0), ["abc", "d"]) == [Times(1.0, 1.75), Times(1.75, 2.0)]


@given(
    start=st.floats(0.0, 1e-5) | st.floats(0.0, 1e5),
    length=st.floats(0.0, 1e-5),
    texts=st.lists(st.text("abc", max_size=12), min_size=1, max_size=9),
)
def test_words_are_within_times_shorter_than_their_rounding(
    start: float, length: float, texts: list[str]
) -> None:
    whole = Times(start, start + length)
    found = wording.spread(whole, texts)
    moments = [moment for times in found for moment in times]
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == whole
