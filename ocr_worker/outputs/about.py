"""What outputs say of themselves and of their source."""

from pathlib import PureWindowsPath
from typing import Final

from ocr_worker import languages, wire

SOFTWARE: Final = "ocr-sidecar"


def file_name(task: wire.Assemble) -> str:
    """Return the name of the document without the folders it lies in, which are nobody's matter."""
    # Takes both kinds of slash for a separator, whatever system the host named the file on.
    return PureWindowsPath(task.file).name


def languages_of(task: wire.Assemble) -> list[languages.Language]:
    """Return the languages that the engine was asked to look for."""
    found = (languages.resolve(tag) for tag in task.languages)
    return list(dict.fromkeys(language for language in found if language is not None))
