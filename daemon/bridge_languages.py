"""The languages as hosts of the bridge dialect know them: their names, and what is installed; pure.

A language is installed when an engine can read it here, which a worker tells. Nothing is ever
downloaded: a wish for that is answered with what to install.
"""

from typing import Final, NamedTuple

from daemon.bridge_messages import AvailableLanguages, InstalledLanguages, LanguageStatus
from daemon.errors import RpcError
from daemon.language_lists import Readers
from ocr_worker.languages import DEFAULT_ENGINE, LANGUAGES, Language, resolve
from ocr_worker.tessdata import how_to_install


class Script(NamedTuple):
    """A script as a settings dialog shows it."""

    name: str
    description: str


SCRIPTS: Final = {
    "Arab": Script("arabic", "Languages written in Arabic letters"),
    "Armn": Script("armenian", "Armenian"),
    "Beng": Script("bengali", "Languages written in the Bengali script"),
    "Cans": Script("canadian_aboriginal", "Languages written in Canadian syllabics"),
    "Cher": Script("cherokee", "Cherokee"),
    "Cyrl": Script("cyrillic", "Languages written in Cyrillic letters"),
    "Deva": Script("devanagari", "Languages written in Devanagari"),
    "Ethi": Script("ethiopic", "Languages written in the Ethiopic script"),
    "Geor": Script("georgian", "Georgian"),
    "Grek": Script("greek", "Languages written in Greek letters"),
    "Gujr": Script("gujarati", "Gujarati"),
    "Guru": Script("gurmukhi", "Punjabi in Gurmukhi"),
    "Hans": Script("chinese", "Chinese in simplified characters"),
    "Hant": Script("chinese", "Chinese in traditional characters"),
    "Hebr": Script("hebrew", "Languages written in Hebrew letters"),
    "Jpan": Script("japanese", "Japanese"),
    "Khmr": Script("khmer", "Khmer"),
    "Knda": Script("kannada", "Kannada"),
    "Kore": Script("korean", "Korean"),
    "Laoo": Script("lao", "Lao"),
    "Latn": Script("latin", "Languages written in Latin letters"),
    "Mlym": Script("malayalam", "Malayalam"),
    "Mymr": Script("myanmar", "Burmese"),
    "Orya": Script("oriya", "Odia"),
    "Sinh": Script("sinhala", "Sinhala"),
    "Syrc": Script("syriac", "Syriac"),
    "Taml": Script("tamil", "Tamil"),
    "Telu": Script("telugu", "Telugu"),
    "Thaa": Script("thaana", "Dhivehi"),
    "Thai": Script("thai", "Thai"),
    "Tibt": Script("tibetan", "Languages written in the Tibetan script"),
}
"""By ISO 15924 code."""
_PADDLE_NAMES: Final = {
    "ch": "zh-Hans",
    "chinese_cht": "zh-Hant",
    "french": "fr",
    "german": "de",
    "japan": "ja",
    "korean": "ko",
}
"""What PaddleOCR, on which such bridges are built, calls languages by names of its own."""


def to_tag(code: str) -> str:
    """Return the tag that a host's name for a language stands for; others as they are."""
    return _PADDLE_NAMES.get(code.lower(), code)


def available(read_by: Readers) -> AvailableLanguages:
    """Return every language there is."""
    rows = tuple(status(language, read_by) for language in LANGUAGES)
    return AvailableLanguages(languages=rows, count=len(rows))


def installed(read_by: Readers) -> InstalledLanguages:
    """Return the codes of those that can be read here."""
    codes = tuple(code for code, engines in read_by.items() if engines)
    return InstalledLanguages(installed_languages=codes, count=len(codes))


def find(code: str) -> Language:
    """Return the language that a host names. Raise `RpcError` (language_unavailable)."""
    language = resolve(to_tag(code))
    if language is None:
        message = "No engine reads that language; list_available_languages names those that are."
        raise RpcError("language_unavailable", message, language=code)
    return language


def status(language: Language, read_by: Readers) -> LanguageStatus:
    """Return what there is of one language."""
    is_installed = bool(read_by[language.code])
    script = SCRIPTS[language.script]
    return LanguageStatus(
        code=language.code,
        name=language.name,
        installed=is_installed,
        script_name=script.name,
        script_description=script.description,
        total_size_mb=0.0,
        detection_installed=is_installed,
        recognition_installed=is_installed,
    )


def refuse_download(code: str) -> RpcError:
    """Return why a language is not downloaded, and what to install instead."""
    offline = "Nothing is downloaded, since this program works offline."
    language = resolve(to_tag(code))
    if language is None:
        text = f"{offline} No engine that could be installed reads that language."
        return RpcError("language_unavailable", text, language=code)
    if DEFAULT_ENGINE in language.engines:
        text = (
            f"The models for {language.name} come with their engine: should they be missing,"
            f" install the Python package {DEFAULT_ENGINE}."
        )
    else:
        text = (
            f"To install Tesseract's data for {language.name},"
            f" {how_to_install(language.tesseract)}; the engine is installed by"
            " pip install 'ocr-sidecar[tesseract]'."
        )
    return RpcError("engine_unavailable", f"{offline} {text}")
