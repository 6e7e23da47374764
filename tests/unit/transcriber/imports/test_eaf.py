"""EAF of pympi, and hostile XML."""

import itertools
from pathlib import Path

import pytest
from pympi.Elan import Eaf

from common.errors import ValidationError
from transcriber.imports.reading import read

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SLOTS = (
    '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="b"/>'
    '<TIME_SLOT TIME_SLOT_ID="c" TIME_VALUE="3000"/></TIME_ORDER>\n'
)


def annotation(first: str, last: str, text: str) -> str:
    slots = f'TIME_SLOT_REF1="{first}" TIME_SLOT_REF2="{last}"'
    value = f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>"
    return f"<ANNOTATION><ALIGNABLE_ANNOTATION {slots}>{value}</ALIGNABLE_ANNOTATION></ANNOTATION>"


def document(*annotations: str) -> bytes:
    tier = f'<TIER TIER_ID="Ada">{"".join(annotations)}</TIER>'
    return f"{_HEAD}<ANNOTATION_DOCUMENT>\n{_SLOTS}{tier}</ANNOTATION_DOCUMENT>".encode()


def test_tiers_of_pympi_are_speakers(tmp_path: Path) -> None:
    made = Eaf()
    made.remove_tier("default")
    made.add_tier("utterances-1", part="Ada")
    made.add_tier("utterances-2", part="Bob")
    made.add_annotation("utterances-1", 500, 1000, "Hello <you> & me.")
    made.add_annotation("utterances-2", 750, 1500, "Hi.")
    made.add_linguistic_type("comments", constraints="Symbolic_Association")
    made.add_tier("comment", ling="comments", parent="utterances-1")
    made.add_ref_annotation("comment", "utterances-1", 600, "waves")
    path = tmp_path / "made.eaf"
    made.to_file(str(path))
    found = read(path.read_bytes())
    assert [(s.speaker, s.start, s.end, s.text) for s in found.segments] == [
        ("Ada", 0.5, 1.0, "Hello <you> & me."),
        ("Bob", 0.75, 1.5, "Hi."),
    ]
    assert "Left out: 1 annotations without times." in found.notes


def test_annotations_without_times_share_the_time_between_others() -> None:
    found = read(document(annotation("a", "b", "one"), annotation("b", "c", "two")))
    assert [(s.start, s.end) for s in found.segments] == [(1.0, 2.0), (2.0, 3.0)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document()[:-20], "This is not well-formed XML"),
        (document(annotation("a", "x", "one")), "Line 4: There is no time slot 'x'."),
        (document(annotation("c", "a", "one")), "Line 4: An annotation ends before it starts."),
        (f"{_HEAD}<html/>".encode(), "not an annotation document of ELAN"),
        (
            f'{_HEAD}<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n'
            "<ANNOTATION_DOCUMENT>&x;</ANNOTATION_DOCUMENT>".encode(),
            "document type",
        ),
    ],
)
def test_faults_and_entities_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(content)
    assert message in caught.value.message


def test_entities_that_grow_are_refused() -> None:
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {one} "{f"&{other};" * 10}">' for other, one in itertools.pairwise("abcdefghi")
    )
    content = f"{_HEAD}<!DOCTYPE x [{entities}]><ANNOTATION_DOCUMENT>&i;</ANNOTATION_DOCUMENT>"
    with pytest.raises(ValidationError):
        read(content.encode())


def test_files_have_a_limit_of_tiers() -> None:
    tiers = '<TIER TIER_ID="a" PARENT_REF="Ada"/>' * 1001
    with pytest.raises(ValidationError, match="at most 1000 tiers"):
        read(f"{_HEAD}<ANNOTATION_DOCUMENT>{_SLOTS}{tiers}</ANNOTATION_DOCUMENT>".encode())


def test_tiers_below_dependent_tiers_are_counted() -> None:
    text = annotation("a", "c", "Hello.")
    tiers = f'<TIER TIER_ID="Ada">{text}</TIER>'
    for name, parent in (("words", "Ada"), ("tones", "words"), ("x", "y"), ("y", "x")):
        tiers += f'<TIER TIER_ID="{name}" PARENT_REF="{parent}">{text}</TIER>'
    found = read(f"{_HEAD}<ANNOTATION_DOCUMENT>{_SLOTS}{tiers}</ANNOTATION_DOCUMENT>".encode())
    assert [segment.text for segment in found.segments] == ["Hello."]
    assert found.has_word_times
    assert list(found.notes) == ["Left out: 3 annotations of dependent tiers."]
