"""What of this engine is installed, learnt without importing any of it.

The standard library only, so that listing the engines stays cheap.
"""

from importlib import metadata, util

from ocr_worker import tessdata
from ocr_worker.errors import EngineUnavailable, TaskError
from ocr_worker.languages import LANGUAGES, Language

PACKAGE = "tesserocr"
INSTALL_HINT = "pip install 'ocr-sidecar[tesseract]'"


def find_package() -> str:
    """Return the version of the installed package. Raise `EngineUnavailable`."""
    if util.find_spec(PACKAGE) is None:
        raise EngineUnavailable(f"The package {PACKAGE} is not installed: {INSTALL_HINT}")
    try:
        return f"{PACKAGE} {metadata.version(PACKAGE)}"
    except metadata.PackageNotFoundError:
        return f"{PACKAGE} of unknown version"  # a bundle may leave the metadata out


def probe() -> str:
    """Return the version of what is installed. Raise `EngineUnavailable`, with what to install."""
    version = find_package()
    if not installed_languages():
        raise EngineUnavailable(
            "No language data of Tesseract is installed; for English: "
            f"{tessdata.how_to_install('eng')}"
        )
    return version


def installed_languages() -> tuple[str, ...]:
    """Return the codes of the languages whose data is installed."""
    names = tessdata.names_in(tessdata.find_folder())
    return tuple(language.code for language in LANGUAGES if language.tesseract in names)


def no_data_for(language: Language, tag: str) -> TaskError:
    """Return what a page fails with whose language, asked for as `tag`, has no data here."""
    return TaskError(
        "language_unavailable",
        f"Tesseract's data for {language.name} is not installed: "
        f"{tessdata.how_to_install(language.tesseract)}.",
        language=tag,
        engine="tesseract",
    )
