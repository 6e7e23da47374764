"""Replacements of words by people, as a source of suggestions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from common import writing_systems
from common.postgres import Connection
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.items import ItemId, PlacedItem, SegmentItem, Wording, WordItem
from transcriber.store.observations import Observation, Observations
from transcriber.vocabulary import units
from transcriber.vocabulary.entries import LONGEST

#: Replacements in one batch. Larger batches are not corrections of single words.
_MOST = 100
_MOST_WORDS = 4
#: Signs around words that do not belong to them.
_AROUND = " .,;:!?…\"'()[]«»“”‘’¿¡。，、！？：；"


async def learn(
    connection: Connection,
    transcription_id: int,
    document: Document,
    effects: Effects,
    *,
    revision: int,
) -> None:
    """Keep the replacements by a person's batch in a document."""
    found = list(replacements(document, effects))
    if 0 < len(found) <= _MOST:
        await Observations(connection, transcription_id).keep(found, revision)


def replacements(document: Document, effects: Effects) -> Iterator[Observation]:
    """Yield the replaced words of a batch, four at most each.

    `heard` is empty if a person wrote the old ones.
    """
    for run in _runs(document, effects):
        meant = _core(run.new)
        heard = "" if run.by_a_person else _core(run.old)
        if run.item is None or len(run.old) > _MOST_WORDS or len(run.new) > _MOST_WORDS:
            continue
        if 0 < len(meant) <= LONGEST and len(heard) <= LONGEST and _differ(heard, meant):
            yield Observation(
                item=str(run.item), heard=heard, key=units.key(heard, match_case=False), meant=meant
            )


@dataclass(slots=True, kw_only=True)
class _Run:
    """Consecutive replaced words. `item` is the first word of the new text."""

    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    item: ItemId | None = None
    by_a_person: bool = False

    def lose(self, wording: Wording) -> None:
        """Add a lost word."""
        self.old.append(wording.text)
        self.by_a_person = self.by_a_person or wording.probability is None

    def gain(self, word: WordItem) -> None:
        """Add a new word."""
        self.new.append(word.wording.text)
        self.item = self.item or word.id


def _runs(document: Document, effects: Effects) -> Iterator[_Run]:
    rewritten = {
        change.item: change.before for change in effects.changes if change.register == "wording"
    }
    deleted = {
        change.item for change in effects.changes if change.register == "alive" and not change.after
    }
    inserted = {item.id for part in effects.insertions for item in part.items}
    run = _Run()
    for item in document:
        if item.id in rewritten and isinstance(item, WordItem) and item.alive:
            run.lose(rewritten[item.id])
            run.gain(item)
        elif item.id in deleted and isinstance(item, WordItem):
            run.lose(rewritten.get(item.id, item.wording))
        elif item.id in inserted and isinstance(item, WordItem) and item.alive:
            run.gain(item)
        elif _ends(item):
            if run.old and run.new:
                yield run
            run = _Run()
    if run.old and run.new:
        yield run


def _ends(item: PlacedItem) -> bool:
    """Return whether an unchanged item separates the words around it."""
    return item.alive or isinstance(item, SegmentItem)


def _core(texts: list[str]) -> str:
    return writing_systems.joined(texts).strip(_AROUND)


def _differ(heard: str, meant: str) -> bool:
    """Return whether there is more to a replacement than punctuation or a first capital."""
    if heard and not units.is_whole(heard):
        return False
    if units.key(heard, match_case=False) != units.key(meant, match_case=False):
        return True
    return heard[1:] != meant[1:] and meant[1:] != meant[1:].lower()
