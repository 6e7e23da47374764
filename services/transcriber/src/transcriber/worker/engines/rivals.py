"""Speech that may be in other languages than its part, and those languages."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transcriber.worker.engines.decoded import Decoded, quality
from transcriber.worker.engines.languages import average
from transcriber.worker.engines.parts import Stretch

#: Below these qualities words are unsure, and no words of the language at all.
UNSURE = 0.7
_COLLAPSED = 0.45
#: The first of these is higher if the language has at most this probability.
_UNSURE_IF_UNLIKELY = 0.85
_UNLIKELY = 0.2
#: Least probability of a language that is heard nowhere else in the recording.
_NEW_LANGUAGE = 0.3
#: Least probability of a language of the recording in unsure speech.
_POSSIBLE = 0.04
#: Below this probability of its language, speech may be in any other likely one.
IMPROBABLE = 0.5
#: From this probability on, a common language is tried even if the words are sure. Whisper
#: occasionally writes the language that it hears, whatever it is asked for.
_MISHEARD = 0.5
_INAUDIBLE = 0.1
#: Most languages that doubtful speech is decoded in besides its own.
_MOST_RIVALS = 3
#: Parts up to this length, in seconds, are decoded in a neighbor's language too unless certain.
_BRIEF = 10.0
_BRIEFEST = 4.0
_SURE = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """Stretches of a part in a row that may be in other languages, the `rivals`."""

    stretches: tuple[Stretch, ...]
    rivals: tuple[str, ...]


def regions(
    decoded: Decoded, before: str | None, after: str | None, spoken: Sequence[str]
) -> Iterator[Region]:
    """Yield the stretches of a part that may be in other languages.

    `before` and `after` are the languages of the parts next to it.
    """
    part = decoded.part
    if not part.stretches:
        return
    around = {language for language in (before, after) if language and language != part.language}
    is_sure = part.probability >= _SURE and part.seconds >= _BRIEFEST
    if around and part.seconds <= _BRIEF and not is_sure:
        yield Region(stretches=part.stretches, rivals=tuple(sorted(around)))
        return
    near = {part.stretches[0]: before, part.stretches[-1]: after}
    rivals = [_rivals(one, decoded, near.get(one), spoken) for one in part.stretches]
    rows = zip(part.stretches, rivals, strict=True)
    for is_open, group in itertools.groupby(rows, key=lambda row: bool(row[1])):
        if is_open:
            region = list(group)
            stretches = tuple(stretch for stretch, _ in region)
            named = {name for _, names in region for name in names}
            heard = average([stretch.heard for stretch in stretches])
            ranked = sorted(named, key=lambda name: (name not in spoken, -heard.probability(name)))
            yield Region(stretches=stretches, rivals=tuple(ranked[:_MOST_RIVALS]))


def _rivals(
    stretch: Stretch, decoded: Decoded, near: str | None, spoken: Sequence[str]
) -> tuple[str, ...]:
    """Return the languages that a stretch may be in instead, none if it is in no doubt.

    `near` is the language of the part next to it, if any.
    """
    own, heard = decoded.part.language, stretch.heard
    sure = quality(decoded.segments, [stretch.span])
    common = heard.best_common
    is_misheard = heard.probability(common) >= _MISHEARD and heard.probability(own) <= _INAUDIBLE
    limit = UNSURE if heard.probability(own) >= _UNLIKELY else _UNSURE_IF_UNLIKELY
    if sure >= limit:
        return (common,) if is_misheard else ()
    rivals = {near or own}
    if heard.probability(heard.best) >= _NEW_LANGUAGE:
        rivals.add(heard.best)
    if heard.probability(own) < IMPROBABLE:
        rivals |= {name for name in heard.likely(1) if heard.probability(name) >= _POSSIBLE}
    known = max((name for name in spoken if name != own), key=heard.probability, default=own)
    if sure < _COLLAPSED or heard.probability(known) >= _POSSIBLE:
        rivals.add(known)
    return tuple(sorted(rivals - {own}))
