"""Hostile texts, which documents, templates, terminals or databases could take for code.

They are harmless by themselves. Generated texts add any characters that UTF-8 can hold.
"""

from random import Random

TEXTS = (
    "",
    " ",
    "\t\r\n",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "+1-1",
    "-2+3",
    "<script>alert(1)</script>",
    "<b>bold</b> & &amp; &#0; &lt;",
    "]]>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "<!-- -->",
    "00:00:01.000 --> 00:00:02.000",
    "WEBVTT",
    "{\\an8}",
    "{{ 7 * 7 }}",
    "{% for a in b %}",
    "{{ ''.__class__.__mro__ }}",
    "${7*7}",
    "#set page(width: 1pt)",
    '#import "/etc/passwd"',
    '#read("/etc/hostname")',
    "$ sum_(k=0)^n k $",
    "\\input{/etc/hostname}",
    "[link](javascript:alert(1))",
    "![](http://127.0.0.1:9/)",
    "../../../../etc/passwd",
    "a/../b",
    "CON",
    "'; DROP TABLE jobs; --",
    "%s %d %(name)s {0}",
    '"quoted", "twice"\nnext line',
    'tab\tand "quote" and \\ backslash',
    "\x1b[31mred\x1b[0m",
    "\x07\x08\x0b\x0c\x0e\x7f",
    "\u202eright to left\u202c",
    "\u200b\u200d\ufeff",
    "\ufffe\uffff",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e007f",
    "e" + "\u0301" * 200,
    "\u0627\u0644\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd",
    "\u4f60\u597d \u3053\u3093\u306b\u3061\u306f \uc548\ub155",
    "\u0130\u0131\u00df\ufb01",
    "a" * 5000,
    "word " * 1500,
    "x" + " " * 3000 + "y",
    "\u2028\u2029",
    "NaN",
    "-Infinity",
    "1e400",
    "9" * 400,
    "null",
    "<NA>",
    "SPEAKER_00:",
    "[Ada] Ada: Ada:",
)
_MOST_PIECES = 4
_LAST_BEFORE_SURROGATES = 0xD7FF
_FIRST_AFTER_SURROGATES = 0xE000


def text(random: Random, *, most: int = 10_000) -> str:
    """Return a hostile text of at most `most` characters."""
    kind = random.random()
    if kind < 0.6:
        found = random.choice(TEXTS)
    elif kind < 0.85:
        pieces = random.randint(2, _MOST_PIECES)
        found = random.choice(("", " ", "\n", ",")).join(random.choices(TEXTS, k=pieces))
    else:
        found = "".join(_character(random) for _ in range(random.randint(1, 60)))
    return found[:most]


def _character(random: Random) -> str:
    if random.random() < 0.5:
        return chr(random.randint(1, 0x2FF))
    code = random.randint(1, 0x10FFFF - 0x800)
    if code > _LAST_BEFORE_SURROGATES:
        code += _FIRST_AFTER_SURROGATES - _LAST_BEFORE_SURROGATES - 1
    return chr(code)
