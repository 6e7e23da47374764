"""Colours that tell speakers apart, on a screen and on a grey print."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStyle:
    """How a speaker looks: colour as `#rrggbb`, and the dash of the rule beside the text.

    The dash is what tells two speakers apart where colours cannot: `solid`, `dashed`, `dotted` or
    `dash-dotted`.
    """

    colour: str
    dash: str


# Dark enough for text on white (contrast 4.5 to 1 or better) and, one after the other, light and
# dark by turns, so that neighbours differ in grey as well. Hues keep apart for the colour-blind.
_COLOURS = ("#005a9c", "#b3470b", "#00452f", "#7b4fc9", "#7a0030", "#0f7b6c", "#3a2a00", "#a8378f")
_DASHES = ("solid", "dashed", "dotted", "dash-dotted")


def speaker_style(position: int) -> SpeakerStyle:
    """The style of the speaker at a position in order of first appearance, from 0.

    Styles repeat after 32 speakers; the first four differ in dash whatever their colour.
    """
    shift = position // len(_COLOURS)
    return SpeakerStyle(
        colour=_COLOURS[position % len(_COLOURS)], dash=_DASHES[(position + shift) % len(_DASHES)]
    )


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` by WCAG 2, 0 (black) to 1 (white)."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast of two colours by WCAG 2, 1 (none) to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
