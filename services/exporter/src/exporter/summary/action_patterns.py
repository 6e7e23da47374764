"""Patterns of taking on, requesting and assigning work (English)."""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Owner(Enum):
    """Person responsible for a task found by a pattern."""

    SPEAKER = auto()
    ADDRESSEE = auto()  # the person addressed by name, if any
    NAMED = auto()  # the group `name` of the pattern
    NOBODY = auto()  # left open


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """Expression for a task, with the task's verb in the group `verb`, if it has one.

    With `needs_work_verb`, the expression is too weak by itself and requires a verb of work.
    `may_be_question` is for expressions in the form of a question, `holds_negation` for those with
    a negation of their own, such as `don't forget to`.
    """

    expression: re.Pattern[str]
    owner: Owner
    needs_work_verb: bool = False
    may_be_question: bool = False
    holds_negation: bool = False


_ADVERBS = (
    r"(?:(?:also|just|then|probably|maybe|really|actually|definitely|quickly|still|now|please|"
    r"kindly|perhaps|possibly|certainly|gladly|personally|[a-z]{3,}ly|first|all|both|quick|soon|either|"
    r"try\s+(?:to|and)|go\s+ahead\s+and|make\s+sure\s+to|go\s+and|be\s+sure\s+to|start\s+to)\s+)*"
)
_TO_VERB = rf"{_ADVERBS}(?P<verb>[a-z][a-z-]+)\b"
_NAME = r"(?P<name>[A-Z][\w-]+)"
_OPEN = (
    r"(?:someone|somebody|anyone|anybody|everyone|everybody|one\s+of\s+(?:you|us)|all\s+of\s+us)"
)
_STRESS = r"(?:(?:still|really|also|just|definitely|probably)\s+)*"
_DUTY = (
    rf"(?:{_STRESS}(?:needs?\s+to|ha(?:ve|s)\s+to|(?:'ve\s+)?got\s+to|gotta|must|"
    r"(?:'ll|will|(?:'re|'m|are|am|is)\s+(?:going\s+to|gonna))\s+(?:need|have)\s+to|"
    r"(?:'re|are|is)\s+supposed\s+to|(?:'d|had)\s+better))"
)
_ADVICE = rf"(?:{_STRESS}(?:should|ought\s+to))"
_WILL = r"(?:'ll|\s+will|\s+shall|(?:'m|'re|'s|\s+am|\s+are|\s+is)\s+(?:going\s+to|gonna))"


def _pattern(
    expression: str,
    owner: Owner,
    *,
    needs_work_verb: bool = False,
    may_be_question: bool = False,
    holds_negation: bool = False,
) -> Pattern:
    return Pattern(
        expression=re.compile(expression),
        owner=owner,
        needs_work_verb=needs_work_verb,
        may_be_question=may_be_question,
        holds_negation=holds_negation,
    )


_BEGIN = r"^(?:(?:[Aa]nd|[Ss]o|[Oo]kay|[Oo]k|[Ww]ell|[Tt]hen|[Aa]lso|[Pp]lease|[A-Z][\w-]+),?\s+)*"

PATTERNS = (
    # Taking on.
    _pattern(rf"\bI{_WILL}\s+{_TO_VERB}", Owner.SPEAKER),
    _pattern(rf"\bI(?:\s+|(?='))(?:(?:was|'m|am)\s+)?{_DUTY}\s+{_TO_VERB}", Owner.SPEAKER),
    _pattern(rf"\bI\s+{_ADVICE}\s+{_TO_VERB}", Owner.SPEAKER, needs_work_verb=True),
    _pattern(
        rf"\bI(?:\s+will\s+not|\s+won't|'ll\s+not)\s+forget\s+to\s+{_TO_VERB}",
        Owner.SPEAKER,
        holds_negation=True,
    ),
    _pattern(
        rf"\bI(?:'m|\s+am|'d\s+be|\s+would\s+be)\s+(?:happy|glad|willing|about|ready)\s+to\s+{_TO_VERB}",
        Owner.SPEAKER,
    ),
    _pattern(
        rf"\bI\s+(?:promise|volunteer|plan|intend|offered|promised|agreed)\s+to\s+{_TO_VERB}",
        Owner.SPEAKER,
    ),
    _pattern(rf"\bI\s+(?:can|could|want\s+to)\s+{_TO_VERB}", Owner.SPEAKER, needs_work_verb=True),
    _pattern(rf"\bI\s+(?:might|may)\s+as\s+well\s+{_TO_VERB}", Owner.SPEAKER, needs_work_verb=True),
    _pattern(
        rf"\b(?:[Ii]t's|[Ii]t\s+is|[Tt]hat's)\s+on\s+my\s+(?:\w+\s+)?list\s+to\s+{_TO_VERB}",
        Owner.SPEAKER,
    ),
    _pattern(rf"\b[Ll]et\s+me\s+(?!know\b){_TO_VERB}", Owner.SPEAKER, needs_work_verb=True),
    _pattern(r"\bI(?:'m|\s+am)\s+(?:already\s+)?on\s+it\b", Owner.SPEAKER),
    _pattern(
        rf"\b[Mm]y\s+(?:\w+\s+)?(?:job|task|homework|action|to-?do|plan|next\s+step)s?\b"
        rf"[^.?!]{{0,40}}?\bis\s+to\s+{_TO_VERB}",
        Owner.SPEAKER,
    ),
    # Requesting.
    _pattern(
        rf"\b(?:[Cc]an|[Cc]ould|[Ww]ill|[Ww]ould)\s+(?:you(?:\s+guys|\s+all|\s+two)?|{_OPEN}|{_NAME})"
        rf"\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        may_be_question=True,
    ),
    _pattern(
        rf"\b(?:[Cc]an|[Cc]ould|[Ss]hall|[Ss]hould)\s+we\s+{_TO_VERB}",
        Owner.NOBODY,
        may_be_question=True,
    ),
    _pattern(
        rf"\b[Ww]ho\s+(?:can|could|will|would|wants\s+to|is\s+going\s+to|has\s+time\s+to)\s+{_TO_VERB}",
        Owner.NOBODY,
        needs_work_verb=True,
        may_be_question=True,
    ),
    _pattern(
        rf"\b[Ww]ould\s+it\s+be\s+(?:\w+\s+)?(?:possible|okay|ok|alright)\s+(?:for\s+(?:you|{_NAME})\s+)?"
        rf"to\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        may_be_question=True,
    ),
    _pattern(
        rf"\b[Ii]f\s+you\s+(?:could|would|can)\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        needs_work_verb=True,
        may_be_question=True,
    ),
    _pattern(
        r"\bI(?:'ll|\s+will|'m\s+going\s+to)?\s+need\s+(?:the|your|those|these|that|all|a|an)\b[^.?!]*?"
        r"\b(?:from\s+you|by|before|until|no\s+later)\b",
        Owner.ADDRESSEE,
    ),
    _pattern(
        r"\b[Ww]ould\s+you\s+mind\s+(?P<verb>[a-z-]+ing)\b",
        Owner.ADDRESSEE,
        may_be_question=True,
    ),
    _pattern(
        rf"\b[Ww]hy\s+don't\s+(?:you|we|{_NAME})\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        needs_work_verb=True,
        may_be_question=True,
        holds_negation=True,
    ),
    _pattern(
        rf"\b(?:great|good|nice|helpful|lovely|perfect|wonderful|grateful|appreciate\s+it)\s+if\s+"
        rf"(?:you|we|{_OPEN}|{_NAME})\s+(?:could|would|can|will)?\s*{_TO_VERB}",
        Owner.ADDRESSEE,
        may_be_question=True,
    ),
    _pattern(
        rf"\b(?:like|want|need|expect|ask|get|trouble)\s+(?:you|{_OPEN}|{_NAME})\s+to\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        may_be_question=True,
    ),
    _pattern(
        rf"\b(?:[Ww]ould|[Aa]re|[Ww]ill)\s+(?:you|{_OPEN}|{_NAME})\s+(?:be\s+)?able\s+to\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        may_be_question=True,
    ),
    _pattern(
        r"\bI(?:'d|\s+would)\s+like\s+to\s+(?:see|have|get)\b[^.?!]*?\b(?:by|before|until)\b",
        Owner.ADDRESSEE,
    ),
    _pattern(
        rf"\b[Yy]ou\s+(?:said|promised|agreed|offered)\s+(?:that\s+)?(?:you(?:'d|'ll|\s+would|\s+will)|to)\s+"
        rf"{_TO_VERB}",
        Owner.ADDRESSEE,
    ),
    _pattern(
        rf"\b(?:[Yy]ou\s+(?:should|could|ought\s+to)|(?:[Mm]aybe|[Pp]erhaps)\s+you\s+(?:can|could|should|might))"
        rf"\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        needs_work_verb=True,
    ),
    _pattern(rf"\b[Dd]o\s+(?:me|us)\s+a\s+favou?r\s+and\s+{_TO_VERB}", Owner.ADDRESSEE),
    _pattern(
        rf"\b(?:[Ww]hat\s+if|[Hh]ow\s+about(?:\s+if)?)\s+(?:we|you|{_NAME})\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        needs_work_verb=True,
        may_be_question=True,
    ),
    _pattern(
        rf"\b[Yy]ou(?:\s+(?:guys|all))?(?:\s+|(?='))(?:{_DUTY}|were\s+going\s+to|"
        rf"(?:'re|are)\s+going\s+to)\s+{_TO_VERB}",
        Owner.ADDRESSEE,
    ),
    _pattern(rf"\b[Pp]lease,?\s+(?:do\s+)?{_TO_VERB}", Owner.ADDRESSEE),
    _pattern(
        rf"\b(?:[Dd]on't|[Dd]o\s+not)\s+(?:you\s+)?forget\s+(?:(?:that\s+)?you\s+(?:\w+\s+)?)?to\s+{_TO_VERB}",
        Owner.ADDRESSEE,
        holds_negation=True,
    ),
    _pattern(
        rf"{_BEGIN}(?:[Rr]emember\s+to|[Bb]e\s+sure\s+to|[Mm]ake\s+sure\s+(?:to|that\s+you|you))\s+"
        rf"{_TO_VERB}",
        Owner.ADDRESSEE,
    ),
    _pattern(rf"\b[Rr]emind\s+(?:me|us|\w+)\s+to\s+{_TO_VERB}", Owner.NOBODY),
    _pattern(rf"\b[Mm]ake\s+a\s+note\s+to\s+{_TO_VERB}", Owner.ADDRESSEE),
    _pattern(r"\b[Mm]ake\s+(?:absolutely\s+)?sure\s+(?:that\s+)?\w+", Owner.ADDRESSEE),
    _pattern(
        r"\b[Ll]et\s+(?:me|us)\s+know\s+(?:by|before|until|when|whether|if|what|which|how|who|about|"
        r"as\s+soon)\b",
        Owner.ADDRESSEE,
    ),
    _pattern(
        rf"{_BEGIN}(?P<verb>[Ss]end|[Ee]mail|[Cc]all|[Cc]heck|[Bb]ook|[Ww]rite|[Uu]pdate|[Aa]sk|[Gg]ive|"
        r"[Pp]repare|[Cc]ontact|[Ff]orward|[Bb]ring|[Pp]ut|[Aa]dd|[Rr]eview|[Ff]ix|[Oo]rder|[Ss]hare)"
        r"\s+(?=(?:me|us|him|her|them|the|a|an|your|all|everybody|everyone)\b)",
        Owner.ADDRESSEE,
        needs_work_verb=True,
    ),
    # Work without a person responsible.
    _pattern(rf"\b[Ww]e(?:\s+|(?=')){_DUTY}\s+{_TO_VERB}", Owner.NOBODY),
    _pattern(rf"\b[Ww]e\s+{_ADVICE}\s+{_TO_VERB}", Owner.NOBODY, needs_work_verb=True),
    _pattern(
        rf"\b(?:[Ee]ach|[Ee]very|[Aa]ll)\s+(?:\w+\s+){{1,3}}?(?:{_DUTY}|{_ADVICE})\s+{_TO_VERB}",
        Owner.NOBODY,
        needs_work_verb=True,
    ),
    _pattern(
        r"\b(?:has|have|needs?)\s+to\s+happen\s+(?=by|before|today|tomorrow|this|next|now|on)",
        Owner.NOBODY,
    ),
    _pattern(rf"\b(?:[Ww]e){_WILL}\s+{_TO_VERB}", Owner.NOBODY, needs_work_verb=True),
    _pattern(
        r"\b(?:[Ww]hoever\s+[^,.?!]{1,40}?|[Ss]omeone|[Ss]omebody|[Ee]verybody|[Ee]veryone|[Oo]ne\s+of\s+(?:you|us)|[Aa]ll\s+of\s+us)"
        rf"(?:\s+|(?='))(?:{_DUTY}|{_ADVICE}|(?:'ll|will)|(?:'s|is)\s+going\s+to)\s+{_TO_VERB}",
        Owner.NOBODY,
    ),
    _pattern(rf"\b[Ll]et's\s+(?:please\s+)?{_TO_VERB}", Owner.NOBODY),
    _pattern(
        rf"\b(?:[Nn]ext\s+steps?|[Aa]ction\s+items?|(?:[Oo]ur|[Yy]our|[Tt]he|[Hh]is|[Hh]er)\s+(?:\w+\s+)?"
        rf"(?:job|task|homework|plan|to-?do|goal|aim|target)s?)\b[^.?!]{{0,40}}?\b(?:is|are|would\s+be)\s+(?:for\s+"
        rf"{_NAME}\s+)?to\s+{_TO_VERB}",
        Owner.NOBODY,
    ),
    _pattern(
        rf"\b[Ww]hat\s+(?:we|you|I)\s+(?:have\s+to|need\s+to|must|should|can|will)\s+do\s+(?:now\s+)?"
        rf"(?:is|'s)\s+(?:to\s+)?{_TO_VERB}",
        Owner.NOBODY,
    ),
    _pattern(
        r"\b(?:needs?\s+to|ha(?:s|ve)\s+to|must|should)\s+be\s+(?:\w+ly\s+)?(?P<verb>[a-z]+(?:ed|en|t|ne|d))\b",
        Owner.NOBODY,
        needs_work_verb=True,
    ),
    # Assigning.
    _pattern(
        rf"\b{_NAME}(?:'ll|\s+will|\s+is\s+going\s+to|\s+should|\s+can)\s+be\s+(?:in\s+charge\s+of|"
        r"responsible\s+for|looking\s+after|taking\s+care\s+of)\b",
        Owner.NAMED,
    ),
    _pattern(
        rf"\b{_NAME}(?:'ll|\s+will|\s+is\s+going\s+to|\s+(?:still\s+)?(?:needs\s+to|has\s+to|must|"
        rf"should|ought\s+to|can|could|is\s+supposed\s+to|(?:has\s+)?(?:agreed|offered|promised|"
        rf"volunteered)\s+to))\s+{_TO_VERB}",
        Owner.NAMED,
        needs_work_verb=True,
    ),
    _pattern(
        rf"\b{_NAME}\s+(?:said|says|told\s+(?:me|us))\s+(?:that\s+)?(?:he|she|they)(?:'d|'ll|\s+will|\s+would)\s+"
        rf"{_TO_VERB}",
        Owner.NAMED,
        needs_work_verb=True,
    ),
    _pattern(
        rf"\b(?:agreed?|decided?|suggest(?:ed)?|propose[ds]?|recommend(?:ed)?)\s+(?:that\s+)?{_NAME}\s+"
        rf"(?:should\s+|will\s+)?{_TO_VERB}",
        Owner.NAMED,
        needs_work_verb=True,
    ),
)
