from itertools import combinations

from exporter.palette import contrast, luminance, speaker_style


def test_every_color_is_readable_on_white() -> None:
    assert all(contrast(speaker_style(place).color, "#ffffff") >= 4.5 for place in range(8))


def test_first_speakers_differ_without_color() -> None:
    styles = [speaker_style(place) for place in range(4)]
    assert len({style.dash for style in styles}) == 4


def test_neighbors_differ_in_grayscale() -> None:
    for place in range(7):
        first, second = speaker_style(place), speaker_style(place + 1)
        assert abs(luminance(first.color) - luminance(second.color)) > 0.03


def test_styles_do_not_repeat_before_the_thirty_third() -> None:
    styles = [speaker_style(place) for place in range(32)]
    assert all(first != second for first, second in combinations(styles, 2))
    assert speaker_style(32) == speaker_style(0)


def test_contrast_of_black_and_white() -> None:
    assert round(contrast("#000000", "#ffffff")) == 21
