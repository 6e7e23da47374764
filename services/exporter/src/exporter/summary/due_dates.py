"""Due dates in the words of the conversation (English)."""

import re

_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_ORDINAL = (
    r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|"
    r"twentieth|thirtieth)"
)
_NUMBER = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|a\s+few|a\s+couple\s+of)"
_UNIT = r"(?:minute|hour|day|week|month|quarter|year|sprint)s?"
_PERIOD = r"(?:day|week|weekend|month|quarter|year|term|semester|sprint|season|summer|winter)"
_PART = r"(?:morning|afternoon|evening|night|noon|lunch(?:time)?)"
_CLOCK = (
    r"(?:\d{1,2}(?::\d{2})?\s*(?:am|pm|a\.m\.|p\.m\.|o'clock)|\d{1,2}:\d{2}|noon|midnight|"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?!\s+\w+s\b))"
)
_TIME_OF_DAY = rf"(?:\s+(?:at\s+{_CLOCK}|{_PART}))?"

# Expressions for dates, longer ones first.
_DATE = rf"""(?:
    (?:the\s+)?(?:very\s+)?(?:end|beginning|start|middle|close)\s+of\s+
        (?:(?:the|this|next|each|every)\s+)?(?:business|play|{_PERIOD}|{_DAY}|{_MONTH})
  | (?:the\s+)?{_ORDINAL}(?:\s+of\s+(?:{_MONTH}|next\s+month|this\s+month))?
  | {_MONTH}\s+(?:the\s+)?(?:{_ORDINAL}|\d{{1,2}})(?!\d)
  | \d{{1,2}}\.?\s+{_MONTH}
  | \d{{4}}-\d{{2}}-\d{{2}}
  | (?:(?:this|next|the\s+following|the\s+coming|coming)\s+)?{_DAY}{_TIME_OF_DAY}
  | (?:this|next|the\s+following|the\s+coming)\s+(?:{_PERIOD}|{_PART}|{_MONTH})
  | tomorrow(?:\s+{_PART})?{_TIME_OF_DAY}
  | tonight | today
  | (?:the\s+)?next\s+(?:meeting|call|session|release|review|workshop|time)
  | (?:spring|summer|autumn|fall|winter|christmas|easter|new\s+year|thanksgiving)
  | {_MONTH}
  | {_CLOCK}
)"""

_DEADLINE = re.compile(
    rf"""(?<![\w'])(?:
        (?:by|before|until|till|no\s+later\s+than|not\s+later\s+than|at\s+the\s+latest\s+by)
            \s+{_DATE}(?:\s+on\s+{_DAY})?(?:\s+at\s+the\s+latest)?
      | (?:within|in)\s+(?:the\s+next\s+)?{_NUMBER}\s+{_UNIT}
      | within\s+(?:the\s+)?(?:next\s+)?(?:{_PERIOD}|hour)
      | (?:on|for|this\s+coming)\s+(?:{_DATE})
      | (?:as\s+soon\s+as\s+possible|asap|right\s+away|straight\s+away|immediately)
      | (?:after|over)\s+(?:lunch|the\s+weekend|the\s+break|the\s+holidays|the\s+meeting)
      | this\s+(?:{_PERIOD}|{_PART}|{_DAY})
      | next\s+(?:{_PERIOD}|{_DAY}|{_MONTH})
      | (?:first\s+thing\s+)?tomorrow(?:\s+{_PART})?{_TIME_OF_DAY}
      | tonight | later\s+today | today
      | (?:first\s+thing\s+)?(?:in\s+the\s+)?{_DAY}(?:\s+{_PART})?
      | (?:at\s+)?(?:the\s+)?end\s+of\s+(?:(?:the|this|next)\s+)?{_PERIOD}
      | (?:by\s+)?(?:eod|cob)
    )(?![\w])""",
    re.VERBOSE | re.IGNORECASE,
)
# Events instead of dates: `before we go live`, `before the conference`, `while we're away`.
_EVENT = re.compile(
    r"(?<![\w'])(?:before|until|till|by\s+the\s+time|while|when|as\s+soon\s+as|once)\s+"
    r"(?:the\s+|our\s+|your\s+|my\s+|their\s+|(?:we|you|they|it|i|he|she)(?:'re|'m|'ve|\s)\s*)"
    r"[\w'-]+(?:\s+[\w'-]+){0,3}?(?=\s*(?:[,.;!?]|$|\s(?:and|but|so|please)\b))",
    re.IGNORECASE,
)
# Words mistaken for a month or an ordinal: `we may`, `the second one`.
_NOT_A_DATE = re.compile(
    r"^(?:(?:on|for|by)\s+)?(?:one|may|march|fall|spring|the\s+(?:first|second|third)|"
    r"first|second|third)$",
    re.IGNORECASE,
)


def due(text: str) -> str:
    """Return the due date mentioned in a text, or an empty string.

    Deadlines (`by Friday`) take precedence over plain dates, and dates over events.
    """
    plain = text.replace("’", "'")
    found = [
        match.group() for match in _DEADLINE.finditer(plain) if not _NOT_A_DATE.match(match.group())
    ]
    firm = [
        one for one in found if re.match(r"by|before|until|till|no|not|within", one, re.IGNORECASE)
    ]
    if firm or found:
        return (firm or found)[0].strip()
    event = _EVENT.search(plain)
    return event.group().strip() if event else ""
