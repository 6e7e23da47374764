"""Codes of languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import languages
from common.errors import ValidationError


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"), ("EN", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("zh-Hant", "zh"),
        ("zh-Hant-TW", "zh"), ("sr-Latn-RS", "sr"), ("de-CH-1901", "de"),
        # ISO 639-2 and 639-3
        ("eng", "en"), ("deu", "de"), ("ger", "de"), ("fre", "fr"), ("fra", "fr"), ("chi", "zh"),
        ("cmn", "zh"), ("per", "fa"), ("pes", "fa"), ("arb", "ar"), ("jav", "jv"), ("heb", "he"),
        ("nob", "no"), ("nno", "nn"), ("nor", "no"), ("tgl", "tl"), ("yue", "yue"), ("haw", "haw"),
        # Withdrawn codes, and those of models
        ("iw", "he"), ("in", "id"), ("ji", "yi"), ("mo", "ro"), ("jw", "jv"),
        # Languages listed under another code
        ("nb", "no"), ("nb-NO", "no"), ("fil", "tl"), ("fil-PH", "tl"), ("zh-yue", "yue"),
    ],
)  # fmt: skip
def test_tags_have_one_code(tag: str, code: str) -> None:
    assert languages.find(tag) == code
    assert languages.requested(f" {tag} ") == code


@pytest.mark.parametrize("tag", ["", "  ", "auto", "AUTO"])
def test_detection_is_requested_by_no_language(tag: str) -> None:
    assert languages.requested(tag) == ""


@pytest.mark.parametrize(
    "tag",
    ["english", "e", "xx", "und", "en;drop", "12", "\x00", "x-en", "-en", "tlh", "ñé", "en-" * 99],
)
def test_refusals_name_the_accepted_languages(tag: str) -> None:
    with pytest.raises(ValidationError) as caught:
        languages.requested(tag, "preferences.default_language")
    assert caught.value.details == {"field": "preferences.default_language"}
    assert all(f" {code}" in caught.value.message for code in languages.NAMES)


@given(st.text(max_size=80))
def test_any_text_has_a_listed_code_or_none(tag: str) -> None:
    assert languages.find(tag) in {None, *languages.NAMES}


def test_every_language_of_whisper_is_listed_by_its_standard_code() -> None:
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    known = set(tokenizer._LANGUAGE_CODES)
    assert {languages.to_model(code) for code in languages.NAMES} == known
    for model_code in known:
        code = languages.from_model(model_code)
        assert languages.find(model_code) == languages.find(code) == code
        assert languages.to_model(code) == model_code


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en-US", "en"),
        ("jw", "jv"),
        ("ga", "ga"),
        ("gle", "ga"),
        ("tlh", "tlh"),
        (" DE ", "de"),
        ("", ""),
    ],
)
def test_people_may_speak_any_language(tag: str, code: str) -> None:
    assert languages.of_person(tag) == code


@pytest.mark.parametrize("tag", ["english", "e", "e1", "12", "en\x00"])
def test_languages_of_people_are_codes(tag: str) -> None:
    with pytest.raises(ValidationError) as caught:
        languages.of_person(tag)
    assert caught.value.details == {"field": "language"}
