"""Markers for Final Cut Pro (FCPXML 1.10) on a clip of the recording."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from common.filenames import clean
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.markers import RATE, Marker, frames, markers
from exporter.options import ExportOptions
from exporter.safe_text import xml_text


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a project with one clip and a marker per segment. The clip refers to the recording.

    The recording is expected next to the document.
    """
    return encoded(_pieces(document))


def _pieces(document: Document) -> Iterator[str]:
    marked = list(markers(document))
    title = xml_text(document.title)
    duration = _time(_length(document, marked))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n<fcpxml version="1.10">\n'
    yield from _resources(document, title, duration)
    yield f'  <library>\n    <event name="{title}">\n      <project name="{title}">\n'
    yield f'        <sequence format="r1" duration="{duration}" tcStart="0s" tcFormat="NDF">\n'
    yield "          <spine>\n"
    yield f'            <asset-clip ref="r2" name="{title}" offset="0s" start="0s"'
    yield f' duration="{duration}" format="r1">\n'
    for marker in marked:
        times = f'start="{_time(marker.start)}" duration="{_time(marker.duration)}"'
        yield f'              <marker {times} value="{xml_text(marker.text)}"/>\n'
    yield "            </asset-clip>\n          </spine>\n        </sequence>\n"
    yield "      </project>\n    </event>\n  </library>\n</fcpxml>\n"


def _resources(document: Document, title: str, duration: str) -> Iterator[str]:
    audio = document.audio
    yield f'  <resources>\n    <format id="r1" frameDuration="{_time(1)}"'
    yield ' width="1920" height="1080"/>\n'
    yield f'    <asset id="r2" name="{title}" start="0s" duration="{duration}" hasAudio="1"'
    yield f' audioSources="1" audioChannels="{audio.channels or 1}"'
    yield f' audioRate="{audio.sample_rate or 48000}">\n'
    yield f'      <media-rep kind="original-media" src="./{quote(clean(audio.filename))}"/>\n'
    yield "    </asset>\n  </resources>\n"


def _length(document: Document, marked: Sequence[Marker]) -> int:
    ends = [marker.start + marker.duration for marker in marked]
    return max([1, frames(document.audio.duration), *ends])


def _time(count: int) -> str:
    """Return a time as a rational number of seconds, a multiple of the length of a frame."""
    return f"{count * 100}/{RATE * 100}s" if count else "0s"
