"""Tracks of a recording, and the one clock of all of them."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream

from common import characters

#: Language tags that name no language.
_NO_LANGUAGE = frozenset({"", "und", "mul", "mis", "zxx", "qaa"})
#: Titles that programs give by themselves, apart from numbers.
_GENERIC_TITLES = frozenset({"audio", "audiotrack", "mono", "sound", "stereo", "track"})
_LONGEST_TITLE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """A stream of sound in a container.

    `index` counts all streams of the container. `channels` and `lfe`, the channels that the file
    names as low-frequency effects, are those of the decoded sound. `language` is the tag in the
    container, empty if it names none. `start` is the time of the first sound in seconds on the
    recording's clock.
    """

    index: int
    channels: int
    title: str = ""
    language: str = ""
    default: bool = False
    lfe: tuple[int, ...] = ()
    decodes: bool = True
    start: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the track as JSON values."""
        return asdict(self) | {"lfe": list(self.lfe)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the track from its JSON values."""
        return cls(**(values | {"lfe": tuple(values["lfe"])}))


def audio_streams(container: InputContainer) -> list[AudioStream]:
    """Return the streams of sound, in the container's order."""
    return [stream for stream in container.streams if isinstance(stream, AudioStream)]


def title_of(stream: Stream) -> str:
    """Return the title given to a stream by a person, empty if there is none."""
    text = characters.tidied(_metadata(stream, "title"))
    plain = "".join(character for character in text.casefold() if character.isalpha())
    if not plain or plain in _GENERIC_TITLES or characters.has_forbidden(text):
        return ""
    return characters.shortened(text, _LONGEST_TITLE)


def language_of(stream: Stream) -> str:
    """Return the language tag of a stream in lower case, empty if it names no language."""
    tag = str(_metadata(stream, "language")).strip().lower()
    return "" if tag in _NO_LANGUAGE else tag


def is_default(stream: Stream) -> bool:
    """Return whether the container marks the stream as the one to play."""
    return bool(stream.disposition & Disposition.default)


def clock_zero(container: InputContainer) -> float:
    """Return the beginning of the recording in the container's own time, in seconds.

    A film begins with its picture or its sound, whichever is first, so that subtitles fit. Sound
    alone begins with the first sound of any track. A cover picture is no film.
    """
    pictures = [stream for stream in container.streams.video if _is_film(stream)]
    return min((_start(stream) for stream in [*pictures, *audio_streams(container)]), default=0.0)


def _is_film(stream: Stream) -> bool:
    still = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
    return not stream.disposition & still


def _start(stream: Stream) -> float:
    if stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def _metadata(stream: Stream, key: str) -> str:
    metadata = {name.lower(): value for name, value in stream.metadata.items()}
    return metadata.get(key, "")
