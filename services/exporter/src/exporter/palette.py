"""Colors and line styles that distinguish speakers, also in grayscale print."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStyle:
    """Style of a speaker: the color as `#rrggbb`, and the dash of the line next to the text.

    The dash is `solid`, `dashed`, `dotted` or `dash-dotted`. It distinguishes speakers for readers
    who cannot rely on color.
    """

    color: str
    dash: str


# Dark enough for text on white (contrast 4.5:1 or better). Lighter and darker colors alternate, so
# that neighbors differ in grayscale too, and the hues are distinct for color-blind readers.
_COLORS = ("#005a9c", "#b3470b", "#00452f", "#7b4fc9", "#7a0030", "#0f7b6c", "#3a2a00", "#a8378f")
_DASHES = ("solid", "dashed", "dotted", "dash-dotted")


def speaker_style(position: int) -> SpeakerStyle:
    """Return the style of the nth speaker in order of first appearance, starting at 0.

    Styles repeat after 32 speakers. The first four differ in dash.
    """
    shift = position // len(_COLORS)
    return SpeakerStyle(
        color=_COLORS[position % len(_COLORS)], dash=_DASHES[(position + shift) % len(_DASHES)]
    )


def luminance(color: str) -> float:
    """Return the relative luminance of `#rrggbb` by WCAG 2, from 0 (black) to 1 (white)."""
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colors by WCAG 2, from 1 (none) to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
