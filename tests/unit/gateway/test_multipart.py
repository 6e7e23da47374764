"""The streaming parser returns the same events for any chunking of the body."""

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ValidationError
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEnded

BOUNDARY = "----frontier7MA4YWxkTrZu0gW"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Part:
    name: str
    filename: str | None
    data: bytes


def encode(parts: Sequence[Part]) -> bytes:
    body = b""
    for part in parts:
        disposition = f'form-data; name="{part.name}"'
        if part.filename is not None:
            disposition += f'; filename="{part.filename}"'
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n".encode()
        body += b"Content-Type: application/octet-stream\r\n\r\n" + part.data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def parse(pieces: Sequence[bytes], content_type: str = CONTENT_TYPE) -> list[Part]:
    stream = MultipartStream(content_type)
    parts: list[Part] = []
    for piece in pieces:
        for event in stream.feed(piece):
            match event:
                case PartBegun():
                    parts.append(Part(event.name, event.filename, b""))
                case PartData():
                    parts[-1] = Part(
                        parts[-1].name, parts[-1].filename, parts[-1].data + event.data
                    )
                case PartEnded():
                    pass
    stream.finish()
    return parts


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[begin:end] for begin, end in itertools.pairwise(edges)]


names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
# Data resembling boundaries finds mistakes that random bytes do not.
data = (
    st.lists(
        st.sampled_from(
            [b"\r\n", b"--", BOUNDARY.encode(), b"\r\n--" + BOUNDARY.encode()[:9], b"x"]
        )
        | st.binary(max_size=40),
        max_size=12,
    )
    .map(b"".join)
    .filter(lambda value: f"\r\n--{BOUNDARY}".encode() not in b"\r\n" + value)
)
parts_of_forms = st.lists(st.builds(Part, names, st.none() | names, data), max_size=4)


@given(parts=parts_of_forms, places=st.lists(st.integers(0, 5000), max_size=30))
def test_events_do_not_depend_on_chunk_boundaries(parts: list[Part], places: list[int]) -> None:
    body = encode(parts)
    if parts:
        assert parse(cut(body, places)) == parts


@given(parts=parts_of_forms)
def test_parsing_byte_by_byte(parts: list[Part]) -> None:
    body = encode(parts)
    if parts:
        assert parse([bytes([byte]) for byte in body]) == parts


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_any_body_is_parsed_or_rejected(body: bytes, places: list[int]) -> None:
    with contextlib.suppress(ValidationError):
        parse(cut(body, places))


@given(parts=parts_of_forms.filter(bool), share=st.floats(0, 0.99))
def test_a_truncated_body_is_rejected(parts: list[Part], share: float) -> None:
    body = encode(parts)
    whole = len(body) - len(b"--\r\n")
    with pytest.raises(ValidationError):
        parse([body[: int(whole * share)]])


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        f"multipart/form-data; boundary={'x' * 500}",
    ],
)
def test_other_content_types_are_rejected(content_type: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MultipartStream(content_type)
    assert caught.value.details == {"field": "file"}


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Content-Type: text/plain\r\n",
        b"Content-Disposition: form-data\r\n",
        b'Content-Disposition: attachment; name="file"\r\n',
        b'Content-Disposition: form-data; name="file"; x="' + b"y" * 9000 + b'"\r\n',
    ],
)
def test_parts_without_a_name_are_rejected(headers: bytes) -> None:
    body = b"--" + BOUNDARY.encode() + b"\r\n" + headers + b"\r\nx\r\n"
    with pytest.raises(ValidationError):
        parse([body + b"--" + BOUNDARY.encode() + b"--\r\n"])


def test_filenames_may_use_any_script() -> None:
    part = Part("file", "Größe 会议.mp3", b"data")
    assert parse([encode([part])]) == [part]


def test_names_outside_utf8_are_read_as_latin_1() -> None:
    body = encode([Part("file", "NAME", b"data")]).replace(b"NAME", b"Gr\xf6\xdfe.mp3")
    assert parse([body])[0].filename == "Größe.mp3"


def test_data_after_the_final_boundary_is_ignored() -> None:
    part = Part("file", "a.mp3", b"data")
    assert parse([encode([part]) + b"\r\n"]) == [part]
