import subprocess
import sys

import pytest

from ocr_worker.engines import ENGINE_NAMES
from ocr_worker.languages import LANGUAGES, engine_for, languages_of, resolve
from tests.alphabets import BEYOND_ASCII


def test_every_tag_and_alias_is_listed_once():
    codes = [language.code.lower() for language in LANGUAGES]
    aliases = [language.tesseract for language in LANGUAGES if language.tesseract]

    assert len(codes) == len(set(codes))
    assert len(aliases) == len(set(aliases))


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_language_is_found_by_its_tag_and_by_tesseracts_name(language):
    assert language == resolve(language.code)
    assert language == resolve(language.code.upper())
    if language.tesseract:
        assert language == resolve(language.tesseract)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en-US", "en"),
        ("EN_us", "en"),
        ("de-Latn-AT-1996", "de"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-Hans-SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("chi_tra", "zh-Hant"),
        ("nb-NO", "no"),
        ("sr-Latn-RS", "sr-Latn"),
        ("sr-RS", "sr"),
        ("uz-Cyrl-UZ", "uz-Cyrl"),
        ("iw", "he"),
    ],
)
def test_a_tag_falls_back_to_the_language_it_belongs_to(tag, code):
    found = resolve(tag)

    assert found is not None
    assert code == found.code


@pytest.mark.parametrize("tag", ["", "-", "xx", "english", "el-Latn", "ru-Latn", "zh-Latn"])
def test_what_no_engine_reads_is_not_found(tag):
    assert resolve(tag) is None


@pytest.mark.parametrize(
    ("codes", "engine"),
    [
        (("en",), "rapidocr"),
        (("en", "zh-Hans"), "rapidocr"),
        (("ru",), "tesseract"),
        (("en", "ru"), "tesseract"),
        (("ja", "ko"), "tesseract"),
        (("rm",), "rapidocr"),
        (("rm", "ru"), None),
    ],
)
def test_the_preferred_engine_that_reads_all_languages_is_chosen(codes, engine):
    assert engine_for([language for language in LANGUAGES if language.code in codes]) == engine


def test_an_unknown_engine_reads_nothing():
    assert languages_of("abacus") == ()


def test_every_engine_a_language_names_is_there():
    named = {engine for language in LANGUAGES for engine in language.engines}

    assert named <= set(ENGINE_NAMES)


def test_the_letters_of_every_latin_language_of_the_models_are_stated_here():
    latin = [language for language in LANGUAGES if language.script == "Latn"]
    assert {one.code for one in latin if "rapidocr" in one.engines} == set(BEYOND_ASCII)


def test_the_module_needs_nothing_but_the_standard_library():
    """The daemon imports it, and imports no engine and no array."""
    code = (
        "import sys, ocr_worker.languages;"
        "print([m for m in ('numpy', 'msgspec', 'cv2', 'ocr_worker.engines') if m in sys.modules])"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert result.stdout.strip() == b"[]"
