"""The languages as hosts of the bridge dialect know them: their names, and what is installed; pure.

Models come with the engine's package, so a language that the engine reads is installed, and there
is never anything to download.
"""

from typing import Final, NamedTuple

from daemon.admission import DEFAULT_ENGINE
from daemon.bridge_messages import AvailableLanguages, InstalledLanguages, LanguageStatus
from daemon.errors import RpcError
from ocr_worker.languages import LANGUAGES, Language, languages_of, resolve


class Script(NamedTuple):
    """A script as a settings dialog shows it."""

    name: str
    description: str


SCRIPTS: Final = {
    "Latn": Script("latin", "Languages written in Latin letters"),
    "Hans": Script("chinese", "Chinese in simplified characters"),
    "Hant": Script("chinese", "Chinese in traditional characters"),
    "Jpan": Script("japanese", "Japanese"),
}
"""By ISO 15924 code."""
_PADDLE_NAMES: Final = {
    "ch": "zh-Hans",
    "chinese_cht": "zh-Hant",
    "french": "fr",
    "german": "de",
    "japan": "ja",
}
"""What PaddleOCR, on which such bridges are built, calls languages by names of its own."""


def to_tag(code: str) -> str:
    """Return the tag that a host's name for a language stands for; others as they are."""
    return _PADDLE_NAMES.get(code.lower(), code)


def available() -> AvailableLanguages:
    """Return every language there is."""
    rows = tuple(_status(language) for language in LANGUAGES)
    return AvailableLanguages(languages=rows, count=len(rows))


def installed() -> InstalledLanguages:
    """Return the codes of those that can be read here."""
    codes = languages_of(DEFAULT_ENGINE)
    return InstalledLanguages(installed_languages=codes, count=len(codes))


def status(code: str) -> LanguageStatus:
    """Return what there is of one language. Raise `RpcError` (language_unavailable)."""
    language = resolve(to_tag(code))
    if language is None:
        message = "No engine reads that language; list_available_languages names those that are."
        raise RpcError("language_unavailable", message, language=code)
    return _status(language)


def refuse_download(code: str) -> RpcError:
    """Return why a language is not downloaded, and what to install instead."""
    offline = "Nothing is downloaded, since this program works offline."
    language = resolve(to_tag(code))
    if language is None:
        text = f"{offline} No engine that could be installed reads that language."
        return RpcError("language_unavailable", text, language=code)
    return RpcError(
        "engine_unavailable",
        f"{offline} The models for {language.name} come with its engine: should they be missing,"
        f" install the Python package {DEFAULT_ENGINE}.",
    )


def _status(language: Language) -> LanguageStatus:
    is_installed = language.code in languages_of(DEFAULT_ENGINE)
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
