"""Meetings to search, queries with the segments answering them, and other texts around them."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.domain.transcripts import Segment, Word

_DATA = Path(__file__).parent / "search_data"
_FILES = ("meetings_en_de.txt", "meetings_fr_es_zh.txt")
_SECONDS_PER_SEGMENT = 5.0
_UTTERANCES_PER_TRANSCRIPT = 50
_BUSINESS = 1200
_SEGMENTS_PER_MEETING = 30
_FIRST = (
    "Ander", "Bal", "Carm", "Dorf", "Eber", "Fitz", "Garn", "Hollen", "Iver", "Jank", "Kessel",
    "Lind", "Morav", "Nied", "Oster", "Pell", "Quin", "Rosen", "Stein", "Thorn", "Ulv", "Vander",
    "Wester", "Zabor",
)  # fmt: skip
_LAST = (
    "son", "dini", "ichael", "hoff", "bach", "gerald", "ier", "beck", "sen", "owski", "ring",
    "qvist", "ek", "mann", "feld", "egrini", "tero", "thal", "brück", "dyke", "rik", "berg", "ford",
    "sky",
)  # fmt: skip
_PHRASES = {
    "en": (
        "Please send invoice {number} to {name} before the end of the week.",
        "{name} called about the delivery of order {number}.",
        "The contract with {name} was signed yesterday under number {number}.",
        "Did {name} confirm the appointment for ticket {number}?",
        "I will ask {name} whether part {number} is still in stock.",
        "{name} is on holiday, so nobody has looked at case {number}.",
    ),
    "de": (
        "Bitte schicken Sie die Rechnung {number} noch diese Woche an {name}.",
        "{name} hat wegen der Lieferung {number} angerufen.",
        "Der Vertrag mit {name} hat die Nummer {number}.",
        "Hat {name} den Termin zu Vorgang {number} bestätigt?",
        "Ich frage {name}, ob das Teil {number} noch auf Lager ist.",
    ),
    "fr": (
        "Envoyez la facture {number} à {name} avant la fin de la semaine.",
        "{name} a appelé au sujet de la commande {number}.",
        "Le contrat avec {name} porte le numéro {number}.",
        "Est-ce que {name} a confirmé le rendez-vous du dossier {number} ?",
    ),
    "es": (
        "Manda la factura {number} a {name} antes del viernes.",
        "{name} llamó por el pedido {number}.",
        "El contrato con {name} lleva el número {number}.",
        "¿Confirmó {name} la cita del expediente {number}?",
    ),
    "zh": (
        "请在周末之前把发票{number}寄给{name}。",
        "{name}打电话询问订单{number}。",
        "和{name}的合同编号是{number}。",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A transcript. The place of a segment is `NAME.NUMBER`, from 1."""

    name: str
    title: str
    segments: Sequence[Segment]


@dataclass(frozen=True, kw_only=True)
class LabeledQuery:
    """A query with the places of all segments answering it.

    The ranking was tuned with the queries of the half `tuned` only.
    """

    half: str
    kind: str
    text: str
    relevant: frozenset[str]


def meetings() -> list[Meeting]:
    """Return the written meetings, of 40 transcripts in five languages."""
    found: list[Meeting] = []
    for name in _FILES:
        text = (_DATA / name).read_text(encoding="utf-8")
        found += [_meeting(block) for block in text.split("# ")[1:]]
    return found


def queries() -> list[LabeledQuery]:
    """Return the labeled queries."""
    lines = (_DATA / "queries.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [
        LabeledQuery(half=half, kind=kind, text=text, relevant=frozenset(relevant.split()))
        for half, kind, text, relevant in rows
    ]


def business(count: int = _BUSINESS) -> tuple[list[Meeting], list[LabeledQuery]]:
    """Return meetings made of phrases with names and numbers, and queries for these.

    They are much alike, so that a name or number has to be found among many. Queries misspell the
    names. Every second one is held out.
    """
    dice = random.Random(11)
    names = [first + last for first in _FIRST for last in _LAST]
    dice.shuffle(names)
    places: dict[str, set[str]] = {}
    found = []
    for number in range(count // _SEGMENTS_PER_MEETING):
        language = dice.choice(list(_PHRASES))
        segments = []
        for place in range(_SEGMENTS_PER_MEETING):
            name, code = dice.choice(names), str(dice.randrange(10_000, 99_999))
            text = dice.choice(_PHRASES[language]).format(name=name, number=code)
            segments.append(_segment("Speaker", text, language, place))
            for part in (name, code):
                if part in text:
                    places.setdefault(part, set()).add(f"business{number}.{place + 1}")
        title = f"Meeting {number}"
        found.append(Meeting(name=f"business{number}", title=title, segments=segments))
    queries = []
    asked = [name for name in names if name in places][:20]
    asked += [code for code in places if code.isdecimal()][:20]
    for number, part in enumerate(asked):
        queries.append(
            LabeledQuery(
                half="tuned" if number % 2 else "held-out",
                kind="number" if part.isdecimal() else "name among many",
                text=part if part.isdecimal() else _misspelled(part, dice),
                relevant=frozenset(places[part]),
            )
        )
    return found, queries


def _misspelled(name: str, dice: random.Random) -> str:
    """Return a name with a letter doubled, left out or replaced, or two letters exchanged."""
    place = dice.randrange(1, len(name) - 2)
    before, letter, after = name[:place], name[place], name[place + 1 :]
    return dice.choice(
        [
            before + letter + letter + after,
            before + after,
            before + dice.choice("aeiou") + after,
            before + after[0] + letter + after[1:],
        ]
    )


def spoken(directory: Path) -> Iterator[Meeting]:
    """Yield transcripts of the texts of recordings, in which no query has an answer."""
    rows = json.loads((directory / "utterances.json").read_text(encoding="utf-8"))
    texts = [row["text"] for row in rows]
    for number, first in enumerate(range(0, len(texts), _UTTERANCES_PER_TRANSCRIPT)):
        part = texts[first : first + _UTTERANCES_PER_TRANSCRIPT]
        yield Meeting(
            name=f"spoken{number}",
            title=f"Readings {number}",
            segments=[_segment("Reader", text, "en", place) for place, text in enumerate(part)],
        )


def _meeting(block: str) -> Meeting:
    head, *lines = block.strip().splitlines()
    name, language, title, _ = (part.strip() for part in head.split("|"))
    segments = []
    for place, line in enumerate(lines):
        number, _, rest = line.partition(" ")
        speaker, _, text = rest.partition(": ")
        assert int(number) == place + 1, line
        segments.append(_segment(speaker, text, language, place))
    return Meeting(name=name, title=title, segments=segments)


def _segment(label: str, text: str, language: str, place: int) -> Segment:
    start = place * _SECONDS_PER_SEGMENT
    words = text.split()
    step = _SECONDS_PER_SEGMENT / max(1, len(words))
    return Segment(
        label=label,
        text=text,
        start=start,
        end=start + _SECONDS_PER_SEGMENT,
        confidence=0.9,
        language=language,
        words=tuple(
            Word(
                text=word,
                start=start + number * step,
                end=start + (number + 1) * step,
                probability=0.9,
                speakers=(label,),
            )
            for number, word in enumerate(words)
        ),
    )
