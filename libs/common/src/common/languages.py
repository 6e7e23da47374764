"""Languages that can be requested: their codes, their names, and the codes of models.

A language has one code everywhere but inside of a model: that of ISO 639-1 where there is one, else
that of ISO 639-3.
"""

from collections.abc import Mapping

import langcodes
from langcodes.tag_parser import LanguageTagError

from common.errors import ValidationError

#: Requests detection, as an empty text does.
DETECT = "auto"
#: Longest text that is read as a language tag.
LONGEST = 64

#: English names by code, of all languages of Whisper's multilingual models.
NAMES: Mapping[str, str] = {
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "as": "Assamese", "az": "Azerbaijani",
    "ba": "Bashkir", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "bo": "Tibetan",
    "br": "Breton", "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fo": "Faroese", "fr": "French",
    "gl": "Galician", "gu": "Gujarati", "ha": "Hausa", "haw": "Hawaiian", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian",
    "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "jv": "Javanese",
    "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean",
    "la": "Latin", "lb": "Luxembourgish", "ln": "Lingala", "lo": "Lao", "lt": "Lithuanian",
    "lv": "Latvian", "mg": "Malagasy", "mi": "Maori", "mk": "Macedonian", "ml": "Malayalam",
    "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "my": "Burmese",
    "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian Nynorsk", "no": "Norwegian", "oc": "Occitan",
    "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sa": "Sanskrit", "sd": "Sindhi", "si": "Sinhala", "sk": "Slovak",
    "sl": "Slovenian", "sn": "Shona", "so": "Somali", "sq": "Albanian", "sr": "Serbian",
    "su": "Sundanese", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu",
    "tg": "Tajik", "th": "Thai", "tk": "Turkmen", "tl": "Tagalog", "tr": "Turkish", "tt": "Tatar",
    "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "yi": "Yiddish",
    "yo": "Yoruba", "yue": "Cantonese", "zh": "Chinese",
}  # fmt: skip

#: Standard codes that NAMES lists under another one: Filipino is Tagalog, Bokmål is Norwegian.
_LISTED_AS = {"fil": "tl", "nb": "no"}
#: Codes of Whisper's models that are not the standard ones.
_OF_MODELS = {"jv": "jw"}
_FROM_MODELS = {model: code for code, model in _OF_MODELS.items()}


def find(tag: str) -> str | None:
    """Return the code in NAMES of a BCP 47 language tag, None if there is none.

    The language alone counts. ISO 639-2 and 639-3 codes, withdrawn codes, underscores and any case
    are accepted: `pt_BR` is `pt`, `ger` is `de`, `cmn` is `zh`, `iw` is `he`, `fil` is `tl`.
    """
    code = _standard(tag)
    code = _LISTED_AS.get(code, code)
    return code if code in NAMES else None


def requested(tag: str, field: str = "language") -> str:
    """Return the code of a requested language, empty for `auto` and for an empty text.

    Raises:
        ValidationError: the text is no language tag, or the language cannot be recognized.
    """
    tag = tag.strip()
    if tag.lower() in {"", DETECT}:
        return ""
    code = find(tag)
    if code is None:
        raise ValidationError.of(
            field,
            f"{field} must be '{DETECT}' or the code of a supported language, which a region may "
            f"follow, as in pt-BR. Supported languages: {', '.join(NAMES)}.",
        )
    return code


def of_person(tag: str, field: str = "language") -> str:
    """Return the code of a language that somebody speaks, supported or not. It may be empty.

    Raises:
        ValidationError: the text is no language tag.
    """
    tag = tag.strip()
    code = (find(tag) or _standard(tag)) if tag else ""
    if tag and not (code.isalpha() and 2 <= len(code) <= 3):
        raise ValidationError.of(field, f"{field} must be the code of a language such as en.")
    return code


def to_model(code: str) -> str:
    """Return the code of a language in Whisper's models: `jw` for `jv`."""
    return _OF_MODELS.get(code, code)


def from_model(code: str) -> str:
    """Return the code of a language of Whisper's models, the inverse of `to_model`."""
    return _FROM_MODELS.get(code, code)


def _standard(tag: str) -> str:
    """Return the standard code of a tag's language, empty if the text is no language tag."""
    if len(tag) > LONGEST:
        return ""
    try:
        return langcodes.standardize_tag(tag, macro=True).partition("-")[0]
    except LanguageTagError:
        return ""
