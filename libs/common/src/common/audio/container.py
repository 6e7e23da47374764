"""Containers opened with PyAV, hardened against hostile uploads.

The demuxer is chosen from the first bytes and never guessed by FFmpeg. References in a file are
never followed: a playlist, a reference movie or a subtitle cannot make this process read another
file or call an address.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from common.audio import joints
from common.audio.completeness import lacks_index
from common.audio.detection import detect
from common.audio.errors import (
    AudioError,
    EmptyAudioError,
    NoAudioStreamError,
    UndecodableAudioError,
)
from common.audio.formats import format_of_kind
from common.audio.kinds import AudioKind
from common.audio.ogg_flac import flac_begin
from common.audio.repair import prepared
from common.audio.seekable import View
from common.audio.signals import AudioSource, sound_of
from common.audio.tracks import audio_streams, clock_zero
from common.audio.watched_file import WatchedFile

#: Reads of the source are of this size: few requests for remote objects, little held in memory.
BUFFER_BYTES = 1 << 18

#: Errors raised for broken files: FFmpeg's own, and plain ones that PyAV lets through.
DECODING_ERRORS = (
    FFmpegError,
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)

#: Sound before the beginning of the clock is the run-in of a codec, and not longer, in seconds.
_EARLIEST = -1.0
#: How long FFmpeg may look for stream parameters: bytes, and microseconds of content.
_LIMITS = {"probesize": "5000000", "analyzeduration": "10000000", "max_streams": "100"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One recording of a chained file: its bytes, and its place on the timeline in seconds."""

    kind: AudioKind
    section: tuple[int, int]
    start: float
    duration: float

    @property
    def end(self) -> float:
        """Where the next link begins, in seconds."""
        return self.start + self.duration


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAudio:
    """An open container and the audio stream chosen in it.

    `track` is the index of the stream if one was asked for. `zero` is the beginning of the
    recording's clock in the container's own time, in seconds. `stated` is the length in seconds in
    the header of a file given to FFmpeg with another one. Of a chained file, `container` and
    `stream` are those of the first link, and `links` are all.
    """

    kind: AudioKind
    container: InputContainer
    stream: AudioStream
    file: WatchedFile
    track: int | None = None
    zero: float = 0.0
    stated: float | None = None
    links: tuple[Link, ...] = field(default=())

    @property
    def start(self) -> float:
        """The claimed beginning of the stream, in seconds on the recording's clock."""
        if self.stream.start_time is None or self.stream.time_base is None:
            return 0.0
        return float(self.stream.start_time * self.stream.time_base) - self.zero

    def on_clock(self, seconds: float) -> float | None:
        """Return a moment of the container's own time on the recording's clock.

        None if it is so far before the beginning that it cannot be right.
        """
        time = seconds - self.zero
        return time if time >= _EARLIEST else None

    @property
    def duration(self) -> float | None:
        """The length in seconds declared by the container, if any.

        Containers count it from the beginning of the stream or from zero, as they like.
        """
        if self.links:
            return self.links[-1].end
        stream = self.stream
        if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
            return float(stream.duration * stream.time_base)
        if self.container.duration is not None and self.container.duration > 0:
            return self.container.duration / 1_000_000
        return None


@contextmanager
def open_audio(source: AudioSource, *, track: int | None = None) -> Iterator[OpenAudio]:
    """Open a recording and one of its audio streams. A file object is left open.

    `track` is the index of the stream in the container. By default it is the first one of the
    source's signal, or the one that players would choose.

    Raises UndecodableAudioError, EmptyAudioError or NoAudioStreamError.
    """
    sound = sound_of(source)
    if track is None and sound.signal.parts:
        track = sound.signal.parts[0].track
    if isinstance(sound.file, (str, PathLike)):
        with Path(sound.file).open("rb") as file, open_audio(file, track=track) as opened:
            yield opened
        return
    kind, watched = _detect(WatchedFile(sound.file))
    sections = joints.sections(watched, kind)
    if len(sections) > 1:
        links = _chain(watched, kind, sections, track)
        with open_link(watched, links[0], track=track) as first:
            yield replace(first, file=watched, stated=None, links=links)
        return
    with _opened(watched, kind, track) as opened:
        yield opened


@contextmanager
def open_link(file: WatchedFile, link: Link, *, track: int | None = None) -> Iterator[OpenAudio]:
    """Open one link of a chained file as a recording of its own."""
    section = WatchedFile(View(file, *link.section))
    with _opened(section, link.kind, track) as opened:
        yield opened


@contextmanager
def _opened(file: WatchedFile, kind: AudioKind, track: int | None) -> Iterator[OpenAudio]:
    ready = prepared(file, kind)
    file = ready.file
    begin = flac_begin(file) if kind is AudioKind.OGG else 0.0
    file.seek(0)
    with _container(file, ready.kind) as container:
        stream = _stream(container, track)
        # One thread: several would only add latency and memory, decoding is never the bottleneck.
        stream.codec_context.thread_count = 1
        yield OpenAudio(
            kind=kind,
            container=container,
            stream=stream,
            file=file,
            track=track,
            zero=clock_zero(container) or (0.0 if container.streams.video else begin),
            stated=ready.stated,
        )


def _chain(
    file: WatchedFile, kind: AudioKind, sections: Sequence[tuple[int, int]], track: int | None
) -> tuple[Link, ...]:
    """Place the readable links one after the other. Raise if there are none."""
    links: list[Link] = []
    failure: AudioError | None = None
    for section in sections:
        start = links[-1].end if links else 0.0
        link = Link(kind=kind, section=section, start=start, duration=0.0)
        try:
            with open_link(file, link, track=track) as opened:
                links.append(replace(link, duration=max(0.0, _duration(opened))))
        except AudioError as error:
            failure = failure or error
    if failure is not None and not links:
        raise failure
    return tuple(links)


def _duration(opened: OpenAudio) -> float:
    """Return the length of a link in seconds, by reading it through if it states none."""
    # FFmpeg guesses the length of AMR from the bit rate.
    if opened.duration is not None and opened.kind is not AudioKind.AMR:
        return opened.duration
    end = 0.0
    try:
        for packet in opened.container.demux(opened.stream):
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    except DECODING_ERRORS:
        opened.file.raise_failure()
    return end - opened.zero


def _detect(file: WatchedFile) -> tuple[AudioKind, WatchedFile]:
    """Return the kind of a file, and the file without tags, zeros and junk before it."""
    size = file.seek(0, io.SEEK_END)
    if not size:
        raise EmptyAudioError("The file is empty.")
    found = detect(file)
    if found is None:
        raise UndecodableAudioError("The file is no known kind of audio.")
    if not found.start:
        return found.kind, file
    return found.kind, WatchedFile(View(file, found.start, size))


@contextmanager
def _container(file: WatchedFile, kind: AudioKind) -> Iterator[InputContainer]:
    try:
        container = av.open(
            file,
            mode="r",
            format=format_of_kind(kind).demuxer,
            options=_LIMITS,
            metadata_errors="replace",
            buffer_size=BUFFER_BYTES,
            io_open=_refuse_to_open,
        )
    except DECODING_ERRORS as error:
        file.raise_failure()
        if kind is AudioKind.MP4 and lacks_index(file):
            raise UndecodableAudioError(
                "The recording was not finished: its index (moov) is missing, which devices write "
                "last. Without it nothing in an MP4 file can be read."
            ) from error
        raise UndecodableAudioError(
            f"The file looks like {format_of_kind(kind).name}, but cannot be read as that."
        ) from error
    with container:
        yield container


def _stream(container: InputContainer, track: int | None) -> AudioStream:
    """Return the stream of a track, or the one players would choose if it can be decoded."""
    streams = audio_streams(container)
    of_track = [stream for stream in streams if stream.index == track]
    # Each link of a chained Ogg file numbers its streams by itself.
    if track is not None and (of_track or container.format.name != "ogg"):
        streams = of_track
    if not streams:
        raise NoAudioStreamError("The file has no audio stream.")
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise UndecodableAudioError("The codec of the audio stream is not supported.")
    try:
        best = container.streams.best("audio")
    except DECODING_ERRORS:
        best = None
    indexes = [stream.index for stream in decodable]
    if best is not None and best.index in indexes:
        return decodable[indexes.index(best.index)]
    return decodable[0]


def _refuse_to_open(_url: str, _flags: int, _options: dict[str, Any]) -> NoReturn:
    raise PermissionError("recordings may not refer to other files")
