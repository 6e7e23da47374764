"""ELAN Annotation Format (EAF)."""

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from transcriber.imports.clock import LATEST_SECONDS
from transcriber.imports.content import ImportedTranscript, ImportFormat
from transcriber.imports.problems import Omissions, problem, shown
from transcriber.imports.tiers import MOST_TIERS, Annotation, Tier, segments_of


def read_eaf(content: bytes) -> ImportedTranscript:
    """Read the tiers as speakers: the participant of each, or else its name.

    Entities and document types are refused.

    Raises:
        ValidationError: the file is malformed.
    """
    root = _parsed(content)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise problem(f"The XML is {shown(str(root.tag))}, not an annotation document of ELAN.")
    slots = _slots(root)
    omissions = Omissions()
    found = root.findall("TIER")
    if len(found) > MOST_TIERS:
        raise problem(f"A file has at most {MOST_TIERS} tiers.")
    tiers = [_tier(tier, slots, omissions) for tier in found]
    return ImportedTranscript(
        format=ImportFormat.EAF,
        segments=segments_of(tiers, omissions),
        notes=omissions.notes(),
    )


def _parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise problem(f"This is not well-formed XML: {error.msg}.", line=line) from error
    facts: Any = root.getroottree().docinfo
    if facts.doctype:
        raise problem("XML with a document type is not accepted. ELAN writes none.")
    return root


def _slots(root: etree._Element) -> dict[str, float | None]:
    """Return the times of time slots in seconds. Those without a value are None."""
    slots: dict[str, float | None] = {}
    for slot in root.iterfind("TIME_ORDER/TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        if value is not None and not (value.isascii() and value.isdigit() and len(value) <= 12):
            raise problem(f"{shown(value)} is not a time.", line=_line(slot))
        seconds = None if value is None else int(value) / 1000
        if (seconds or 0.0) > LATEST_SECONDS:
            raise problem(f"{shown(value or '')} is not a time.", line=_line(slot))
        slots[slot.get("TIME_SLOT_ID", "")] = seconds
    return slots


def _tier(tier: etree._Element, slots: Mapping[str, float | None], omissions: Omissions) -> Tier:
    name = tier.get("TIER_ID", "").strip()
    omissions.add("annotations without times", len(tier.findall("ANNOTATION/REF_ANNOTATION")))
    found = tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
    bounds = [_bounds(annotation, slots) for annotation in found]
    annotations = []
    for annotation, (start, end) in zip(found, _filled(bounds), strict=True):
        if start is None or end is None:
            omissions.add("annotations without times")
            continue
        if end < start:
            raise problem("An annotation ends before it starts.", line=_line(annotation))
        value = " ".join((annotation.findtext("ANNOTATION_VALUE") or "").split())
        annotations.append(Annotation(start=start, end=end, text=value))
    return Tier(
        name=name,
        speaker=tier.get("PARTICIPANT", "").strip() or name,
        annotations=annotations,
        parent=tier.get("PARENT_REF", "").strip(),
    )


def _bounds(
    annotation: etree._Element, slots: Mapping[str, float | None]
) -> tuple[float | None, float | None]:
    references = (annotation.get("TIME_SLOT_REF1", ""), annotation.get("TIME_SLOT_REF2", ""))
    for reference in references:
        if reference not in slots:
            raise problem(f"There is no time slot {shown(reference)}.", line=_line(annotation))
    return slots[references[0]], slots[references[1]]


def _filled(
    bounds: Sequence[tuple[float | None, float | None]],
) -> list[tuple[float | None, float | None]]:
    """Give annotations between two times an equal share of the time, as ELAN shows them."""
    filled: list[tuple[float | None, float | None]] = []
    place = 0
    while place < len(bounds):
        start, end = bounds[place]
        stop = place
        while end is None and stop + 1 < len(bounds) and bounds[stop + 1][0] is None:
            stop += 1
            end = bounds[stop][1]
        if start is None or end is None:
            filled += [(None, None)] * (stop - place + 1)
        else:
            share = (end - start) / (stop - place + 1)
            filled += [
                (start + share * number, start + share * (number + 1))
                for number in range(stop - place)
            ]
            filled.append((start + share * (stop - place), end))
        place = stop + 1
    return filled


def _line(element: etree._Element) -> int:
    line: Any = element.sourceline
    return line if isinstance(line, int) else 0
