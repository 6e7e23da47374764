"""Names of people, and people addressed by name (English)."""

import re

from exporter.summary.action_verbs import words_of

_PEOPLE = words_of("someone somebody anyone anybody everyone everybody we you one they us all")
_NOT_NAMES = words_of(
    """
    A Actually All Also An And Anybody Anyone April August Basically Both But December Each
    Everybody Everyone Everything February Finally Fine First Friday Good Great He Her Here His
    How I If It Its January July June Just Let Let's Lets March May Maybe Monday My Next No
    Nobody Not Nothing November Now October Ok Okay One Or Our People Perhaps Please Right Sales
    Saturday Second September She So Somebody Someone Something Sunday Sure Thank Thanks That
    The Their Then There These They Things This Those Thursday Time Today Tomorrow Tuesday We
    Wednesday Well What When Where Which Who Why Work Yeah Yep Yes You Your
    """
)


def addressed(text: str, names: frozenset[str]) -> str:
    """Return the name addressed at the start or the end: `Ben, could you …`, `…, Ben?`."""
    first = re.match(r"(?:(?:and|so|okay|ok|well|hey)\W+)?([A-Z][\w-]+),", text, re.IGNORECASE)
    last = re.search(r",\s*([A-Z][\w-]+)\s*[.?!]*$", text)
    for match in (first, last):
        if match and is_name(match.group(1), names):
            return match.group(1)
    return ""


def is_name(word: str, names: frozenset[str]) -> bool:
    """Return whether a word is a participant's name or an otherwise unknown capitalized word."""
    if word in names:
        return True
    return word[:1].isupper() and word not in _NOT_NAMES and word.lower() not in _PEOPLE
